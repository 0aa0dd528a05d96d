import { readParameters } from "#ledger";
import { checkFounding, createFounding, DEFAULT_PARAMETERS, type Parameters } from "#protocol";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { readJsonFile } from "../../home/files.ts";
import { foundingJson, foundingText, nextStep, readSmallText, writeFounding } from "../../home/founding-files.ts";
import { beforeText, readState, tryBefore } from "../../home/state-files.ts";
import { parseCount, parseDuration } from "../../parse.ts";

interface Options {
  readonly out: string;
  readonly reads?: "parties" | "anyone";
  readonly windowSeconds?: number;
  readonly proposalSeconds?: number;
  readonly challengeSeconds?: number;
  readonly leastMembers?: number;
  readonly parameters?: string;
  readonly from?: string;
}

export const groupCreate = defineCommand<[joinings: readonly string[]], Options>({
  name: "create",
  summary: "Put joining files together into a founding file, which every founder then checks and signs. Needs no keys.",
  arguments: [{ name: "<joinings...>", description: "joining files of all founders" }],
  options: [
    { flags: "--out <file>", description: "founding file to write", default: "founding.json" },
    {
      flags: "--reads <who>",
      description: "who may read the group: its parties alone (so where left out), or anyone who reaches a node",
      choices: ["parties", "anyone"],
    },
    {
      flags: "--window-seconds <time>",
      description: "how far ahead a transaction may expire (120s)",
      parse: parseDuration,
    },
    { flags: "--proposal-seconds <time>", description: "how long a proposal stays open (7d)", parse: parseDuration },
    {
      flags: "--challenge-seconds <time>",
      description: "how long devices may take to answer (300s)",
      parse: parseDuration,
    },
    { flags: "--least-members <count>", description: "fewer active members can never remain (1)", parse: parseCount },
    { flags: "--parameters <file>", description: "JSON file with some or all parameters, such as `quorums`" },
    {
      flags: "--from <state>",
      description: "state file of a group that makes no block any more, whose records and rules this one goes on with",
    },
  ],
  examples: [
    "hansa group create acme.joining.jws borea.joining.jws castor.joining.jws delphi.joining.jws",
    "hansa group create *.joining.jws --reads anyone --window-seconds 60 --out main.json",
    "hansa group create acme.joining.jws borea.joining.jws echo.joining.jws --from state.hansa",
  ],
  async run(shell, options, files) {
    const tokens = files.map((file) => readSmallText(shell.path(file)));
    const before = options.from === undefined ? undefined : await readState(shell, options.from);
    const rules = before === undefined ? FRESH : readParameters(before.ledger.state);
    const parameters = parametersOf(options, rules, options.parameters && readJsonFile(shell.path(options.parameters)));
    const checked = checkFounding(createFounding(tokens, parameters, shell.io.now(), before?.from));
    // Whether it can begin at all shows now, and not when everybody has signed.
    const { genesis } = checked.founding;
    const goesOn = before === undefined ? undefined : await tryBefore(genesis, before);
    writeFounding(shell, checked, options.out);
    return {
      json: { file: options.out, ...foundingJson(checked), ...(goesOn === undefined ? {} : { from: goesOn }) },
      text: [
        foundingText(shell, checked),
        ...(goesOn === undefined ? [] : [`\n${beforeText(shell, goesOn)}`]),
        nextStep(shell, checked, options.out),
      ].join("\n"),
    };
  },
});

const FRESH: Parameters = { ...DEFAULT_PARAMETERS, reads: "parties" };

function parametersOf(options: Options, rules: Parameters, file: unknown): Parameters {
  const { reads, windowSeconds, proposalSeconds, challengeSeconds, leastMembers } = options;
  if (file !== undefined && file !== "" && (typeof file !== "object" || file === null || Array.isArray(file)))
    throw cliError("cli.file-malformed", "a parameters file holds an object", { path: options.parameters });
  const given = (file === "" ? undefined : file) as Partial<Parameters> | undefined;
  // The genesis's schema holds them all to their limits.
  return {
    ...rules,
    ...given,
    ...(reads === undefined ? {} : { reads }),
    quorums: { ...rules.quorums, ...given?.quorums },
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
    ...(proposalSeconds === undefined ? {} : { proposalSeconds }),
    ...(challengeSeconds === undefined ? {} : { challengeSeconds }),
    ...(leastMembers === undefined ? {} : { leastMembers }),
  };
}
