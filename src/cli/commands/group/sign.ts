import { existsSync } from "node:fs";
import { approveFounding, protocolError } from "#protocol";
import { defineCommand } from "../../command.ts";
import {
  foundingJson,
  foundingText,
  nextStep,
  readFounding,
  readSmallText,
  writeFounding,
} from "../../home/founding-files.ts";
import { knownKeys, ownJoining, ownKeyName } from "../../home/own-member.ts";
import { beforeText, checkBefore } from "../../home/state-files.ts";

interface Options {
  readonly out?: string;
  readonly state?: string;
}

/** How far a genesis may lie ahead of this clock, milliseconds: until then nobody could make a block. */
const AHEAD = 300_000;

export const groupSign = defineCommand<[file: string], Options>({
  name: "sign",
  summary: "Agree to found a group, after checking that the file says of this home's member what the home asked for.",
  arguments: [{ name: "<file>", description: "founding file; signed in place, unless --out" }],
  options: [
    { flags: "--out <file>", description: "write the signed file here instead" },
    {
      flags: "--state <file>",
      description:
        "of a group that goes on from another one: the state file, where this home has not that one's ledger",
    },
  ],
  examples: [
    "hansa group show founding.json",
    "hansa group sign founding.json",
    "hansa group sign founding.json --out acme.json",
    "hansa group sign founding.json --state state.hansa",
  ],
  async run(shell, { out, state }, file) {
    const { homeAt } = await import("#node");
    const checked = readFounding(shell, file);
    const { genesis } = checked.founding;
    if (genesis.time > shell.io.now() + AHEAD)
      throw protocolError(
        "founding.expired",
        `the group would begin at ${shell.time(genesis.time)}, which is still to come`,
        {
          time: genesis.time,
        },
      );
    const { joining } = homeAt(shell.home).group(genesis.group);
    const request = existsSync(joining) ? readSmallText(joining).trim() : undefined;
    const keys = await knownKeys(await shell.keys(), ownKeyName(shell), genesis.group);
    const { own } = ownJoining(checked, keys, request);
    const before = await checkBefore(shell, genesis, state);
    const signed = approveFounding(checked, own.member, shell.io.now());
    const to = out ?? file;
    writeFounding(shell, signed, to, [file]);
    return {
      json: { file: to, ...foundingJson(signed), ...(before === undefined ? {} : { from: before }) },
      text: [
        foundingText(shell, signed),
        ...(before === undefined ? [] : [`\n${beforeText(shell, before)}`]),
        nextStep(shell, signed, to),
      ].join("\n"),
    };
  },
});
