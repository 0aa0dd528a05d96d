import { accessSync, constants, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeHex } from "#base";
import { randomBytes } from "#crypto";
import { engineError } from "../../errors.ts";

/** Longest path that every system takes for a Unix socket: 104 bytes with the final NUL on macOS, 108 on Linux. */
const MOST_PATH = 103;
const LONGEST_NAME = "application.sock";

/** A private folder with a short path, for the sockets between our process and CometBFT. It ends with the process. */
export interface RunFolder {
  readonly path: string;
  /** CometBFT dials it, the application listens. */
  readonly application: string;
  /** CometBFT listens, the vote signer dials. */
  readonly signer: string;
  /** CometBFT's RPC, unsafe methods included: whoever may open it is us. */
  readonly rpc: string;
  /** Makes it, once. */
  make(): void;
  remove(): void;
}

/**
 * Chooses the folder, for its owner alone: in `$XDG_RUNTIME_DIR` where there is one (memory, gone at logout), else among temporary files.
 * Nothing is on disk before `make`.
 *
 * @throws HansaError `engine.process-failed`
 */
export function chooseRunFolder(env: NodeJS.ProcessEnv = process.env): RunFolder {
  const bases = [env["XDG_RUNTIME_DIR"], tmpdir(), "/tmp"].filter((base) => base !== undefined && base !== "");
  const name = `hansa-${encodeHex(randomBytes(6))}`;
  for (const base of bases as string[]) {
    if (Buffer.byteLength(join(base, name, LONGEST_NAME)) > MOST_PATH || !isWritable(base)) continue;
    const path = join(base, name);
    let made = false;
    return {
      path,
      application: join(path, LONGEST_NAME),
      signer: join(path, "signer.sock"),
      rpc: join(path, "rpc.sock"),
      make: () => {
        // Fails where the name exists, whoever made it.
        if (!made) mkdirSync(path, { mode: 0o700 });
        made = true;
      },
      remove: () => {
        if (made) rmSync(path, { recursive: true, force: true });
      },
    };
  }
  throw engineError("engine.process-failed", "no folder for sockets: paths are too long, or none can be written", {
    folders: bases,
  });
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
