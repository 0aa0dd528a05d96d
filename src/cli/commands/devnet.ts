import { defineCommand } from "../command.ts";
import type { Alliance } from "../devnet/build-homes.ts";
import { cliError } from "../errors.ts";
import { parseCount, parseDuration } from "../parse.ts";

interface Options {
  readonly members: number;
  readonly validators?: number;
  readonly dir?: string;
  readonly once?: boolean;
  readonly for?: number;
}

export const devnet = defineCommand<[], Options>({
  name: "devnet",
  summary: "Run a whole alliance on this machine, one node process a member, for development. Ctrl-C ends them all.",
  options: [
    { flags: "--members <count>", description: "how many members (4)", parse: parseCount },
    { flags: "--validators <count>", description: "how many of their nodes vote (all)", parse: parseCount },
    { flags: "--dir <folder>", description: "keep the homes there, and take them up again the next time" },
    { flags: "--once", description: "end once every member has executed a transaction with the same root" },
    { flags: "--for <time>", description: "end after this time", parse: parseDuration },
  ],
  examples: [
    "hansa devnet",
    "hansa devnet --members 7 --validators 4 --dir ./devnet",
    "hansa devnet --once --json",
    "hansa devnet --for 30s",
  ],
  async run(shell, { members = 4, validators, dir, once, for: seconds }) {
    if (once === true && seconds !== undefined) throw cliError("cli.argument", "--once and --for exclude each other");
    // Loaded when wanted: no other command needs a network.
    const { runDevnet } = await import("../devnet/run-devnet.ts");
    const json = shell.globals.json === true;
    const lasting = once !== true && seconds === undefined;
    const { alliance, members: seen } = await runDevnet({
      members,
      validators,
      folder: dir,
      once: once === true,
      seconds,
      io: shell.io,
      out: json ? shell.io.stderr : shell.io.stdout,
      // A program that lets it run learns at once where the nodes are.
      onUp: (up) => {
        if (json && lasting) shell.print(JSON.stringify(openOf(up)));
      },
    });
    return json && !lasting ? { json: { ...openOf(alliance), seen }, text: "" } : undefined;
  },
});

/** Where everything is, without the passphrases: those lie in the homes. */
function openOf({ folder, alliance, group, groupId, founding, homes }: Alliance) {
  return { folder, alliance, group, groupId, founding, homes: homes.map(({ passphrase: _, ...home }) => home) };
}
