import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  remove(): void;
}

/**
 * Makes the folder, for its owner alone: in `$XDG_RUNTIME_DIR` where there is one (memory, gone at logout), else among temporary files.
 *
 * @throws HansaError `engine.process-failed`
 */
export function makeRunFolder(env: NodeJS.ProcessEnv = process.env): RunFolder {
  const bases = [env["XDG_RUNTIME_DIR"], tmpdir(), "/tmp"].filter((base) => base !== undefined && base !== "");
  // mkdtemp makes it with 0700 and fails where the name exists.
  for (const base of bases as string[]) {
    if (Buffer.byteLength(join(base, "hansa-XXXXXX", LONGEST_NAME)) > MOST_PATH || !isWritable(base)) continue;
    const path = mkdtempSync(join(base, "hansa-"));
    return {
      path,
      application: join(path, LONGEST_NAME),
      signer: join(path, "signer.sock"),
      rpc: join(path, "rpc.sock"),
      remove: () => rmSync(path, { recursive: true, force: true }),
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
