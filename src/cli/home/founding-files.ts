/** Joining and founding files as commands read, write and show them. */
import { existsSync } from "node:fs";
import { decodeUtf8 } from "#base";
import { type CheckedFounding, decodeFounding, encodeFounding, FOUNDING_BYTES, missingApprovals } from "#protocol";
import { cliError } from "../errors.ts";
import { formatTime } from "../output/format.ts";
import type { Shell } from "../shell.ts";
import { readBytes, replaceFile, writeNewFile } from "./files.ts";

/** Text of a small file. */
export function readSmallText(path: string): string {
  const text = decodeUtf8(readBytes(path, FOUNDING_BYTES));
  if (text === undefined) throw cliError("cli.file-malformed", `${path} is not UTF-8 text`, { path });
  return text;
}

/** @throws HansaError `cli.file-*`, and those of `decodeFounding` */
export function readFounding(shell: Shell, file: string): CheckedFounding {
  return decodeFounding(readSmallText(shell.path(file)));
}

/** Writes a founding file: a new one, or over `over`, the file that it came from. */
export function writeFounding(
  shell: Shell,
  checked: CheckedFounding,
  file: string,
  over: readonly string[] = [],
): void {
  const path = shell.path(file);
  const text = encodeFounding(checked.founding);
  if (existsSync(path) && over.map((other) => shell.path(other)).includes(path)) replaceFile(path, text);
  else writeNewFile(path, text);
}

/** What a founding file says, for programs. */
export function foundingJson(checked: CheckedFounding) {
  const { genesis } = checked.founding;
  const missing = missingApprovals(checked).map(({ did }) => did);
  return {
    group: checked.groupId,
    time: genesis.time,
    parameters: genesis.parameters,
    ...(genesis.from === undefined ? {} : { from: genesis.from }),
    founders: checked.joinings.map(({ member, node }) => ({
      ...member,
      node: node === undefined ? null : { address: node.address, endpoint: node.endpoint ?? null },
      signed: !missing.includes(member.did),
    })),
    missing,
  };
}

/** The same for people. */
export function foundingText(shell: Shell, checked: CheckedFounding): string {
  const { genesis } = checked.founding;
  const { parameters } = genesis;
  const voters = checked.joinings.filter(({ node }) => node !== undefined).length;
  const faults = Math.floor((voters - 1) / 3);
  const quorums = Object.entries(parameters.quorums).map(
    ([kind, { numerator, denominator }]) => `${kind} ${numerator}/${denominator}`,
  );
  const missing = new Set(missingApprovals(checked).map(({ did }) => did));
  const head = shell.fields([
    ["group", checked.groupId],
    ["begins", formatTime(genesis.time)],
    genesis.from === undefined
      ? undefined
      : ["goes on from", `${genesis.from.group} at height ${genesis.from.height}, header ${genesis.from.header}`],
    ["validators", `${voters}; goes on with ${faults} of them down or lying`],
    ["read by", parameters.reads === "parties" ? "its parties alone" : "anyone who reaches a node"],
    ["window", `${parameters.windowSeconds} s`],
    ["votes", quorums.join(", ")],
  ]);
  const rows = checked.joinings.map(({ member, node }) => [
    member.name,
    member.roles.join(","),
    node?.address ?? "without a node",
    missing.has(member.did) ? shell.paint("yellow", "not yet") : shell.paint("green", "signed"),
    shell.id(member.did),
  ]);
  return `${head}\n\n${shell.table(["founder", "roles", "address", "signed", "did"], rows)}`;
}

/** What is to be done next with a founding file. */
export function nextStep(shell: Shell, checked: CheckedFounding, file: string): string {
  const missing = missingApprovals(checked).map(({ name }) => name);
  const more = checked.founding.genesis.from === undefined ? "" : " --state <state file>";
  return shell.paint(
    "dim",
    missing.length === 0
      ? `All have signed. Each founder runs: hansa group join ${file}${more}`
      : `Still to sign, each with hansa group sign ${file}${more}: ${missing.join(", ")}`,
  );
}
