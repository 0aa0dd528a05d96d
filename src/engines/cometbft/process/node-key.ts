import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createSigner } from "#crypto";

/** Where the process finds its key: the fourth of its open files. */
const NODE_KEY_FD = 3;
export const NODE_KEY_FILE = `/dev/fd/${NODE_KEY_FD}`;

/** A file without a name that holds the node's key among peers. */
export interface NodeKeyFile {
  /** To be handed to the process as its file 3. */
  readonly fd: number;
  /** Texts that no log may show. */
  readonly secrets: readonly string[];
  close(): void;
}

/**
 * Puts the node's key where one process alone reads it: a file of mode 0600 in the private folder that loses its name before the key is
 * written. No path leads to it, and it is gone with the process and ours, however these end.
 */
export function makeNodeKeyFile(folder: string, seed: Uint8Array): NodeKeyFile {
  const { publicKey } = createSigner("Ed25519", seed);
  const value = Buffer.concat([seed, publicKey]).toString("base64");
  const path = join(folder, "node_key.json");
  const fd = openSync(path, "wx+", 0o600);
  try {
    unlinkSync(path);
    // At a position: the file's offset stays at its beginning, which is where the process reads.
    writeSync(fd, JSON.stringify({ priv_key: { type: "tendermint/PrivKeyEd25519", value } }), 0);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { fd, secrets: [value], close: () => closeSync(fd) };
}
