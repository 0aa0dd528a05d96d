import { concatBytes } from "#base";
import type { Io, Output } from "./io.ts";

/** Most bytes taken from standard input. */
const MOST_INPUT = 16 * 1024 * 1024;

/** The process that runs the command. Ctrl-C fires the signal; a second one ends the process at once. */
export function processIo(): Io {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.once(name, () => {
      process.once(name, () => process.exit(130));
      controller.abort(new Error(name));
    });
  return {
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    env: process.env,
    cwd: process.cwd(),
    now: () => Date.now(),
    askSecret,
    readInput,
    signal: controller.signal,
  };
}

function outputOf(stream: NodeJS.WriteStream): Output {
  // `hansa … | head` closes the pipe early: that is no error of ours.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns ?? 100;
    },
  };
}

async function readInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    length += (chunk as Buffer).length;
    if (length > MOST_INPUT) throw new Error("standard input is too long");
    chunks.push(chunk as Buffer);
  }
  return concatBytes(...chunks);
}

/** Raw mode: the terminal echoes nothing, and what is typed passes through here alone. */
async function askSecret(question: string): Promise<string | undefined> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return undefined;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  stdin.resume();
  try {
    return await new Promise<string>((resolve, reject) => {
      let typed = "";
      const take = (text: string) => {
        for (const character of text) {
          if (character === "\r" || character === "\n" || character === "\u0004") {
            stdin.off("data", take);
            resolve(typed);
            return;
          }
          if (character === "\u0003") {
            stdin.off("data", take);
            reject(new Error("SIGINT"));
            return;
          }
          if (character === "\u007f" || character === "\b") typed = [...typed].slice(0, -1).join("");
          else if (typed.length < 1024 && character >= " ") typed += character;
        }
      };
      stdin.on("data", take);
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write("\n");
  }
}
