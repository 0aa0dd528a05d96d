/** The group that a founding goes on from: what the file that was handed over says of it, and what this home's own ledger says. */
import { existsSync } from "node:fs";
import { wipe } from "#crypto/node";
import { type Ledger, MemoryStore, readMember, readNode, readValidators } from "#ledger";
import { type Genesis, type Predecessor, protocolError } from "#protocol";
import { cliError } from "../errors.ts";
import { formatTime } from "../output/format.ts";
import type { Shell } from "../shell.ts";
import { groupsOfHome, type HomeGroup } from "./facts.ts";

/** What is known of the group before, for whoever decides on going on from it. */
export interface Before extends Predecessor {
  /** Block time, milliseconds. */
  readonly time: number;
  /** Voting power of the founders' nodes there, and of all. */
  readonly power: { readonly founders: number; readonly total: number };
  /** Members there who are not among the founders. */
  readonly leaves: readonly { readonly did: string; readonly name: string }[];
  /** Founders who were not active members there. */
  readonly joins: readonly { readonly did: string; readonly name: string }[];
  /** Newest height with votes, as the state file shows them: one less than `height` where the group ended before it voted for that one. */
  readonly certified?: number;
  /** What was compared: the file, this home's own ledger, or both. */
  readonly checked: readonly ("state file" | "own ledger")[];
}

function describeBefore(genesis: Genesis, ledger: Ledger, from: Predecessor, checked: Before["checked"]): Before {
  const { state } = ledger;
  const founders = new Set(genesis.members.map(({ did }) => did));
  const power = { founders: 0, total: 0 };
  for (const { node, power: own } of readValidators(state).validators) {
    power.total += own;
    if (founders.has(readNode(state, node)?.member ?? "")) power.founders += own;
  }
  const leaves: { did: string; name: string }[] = [];
  for (const key of state.keys("member/")) {
    const member = readMember(state, key.slice("member/".length));
    if (member !== undefined && member.status !== "removed" && !founders.has(member.did))
      leaves.push({ did: member.did, name: member.name });
  }
  const joins = genesis.members
    .filter(({ did }) => readMember(state, did)?.status !== "active")
    .map(({ did, name }) => ({ did, name }));
  return { ...from, time: ledger.head?.header.time ?? 0, power, leaves, joins, checked };
}

/** The ledger that a state file holds. */
export interface ReadState {
  readonly ledger: Ledger;
  readonly store: MemoryStore;
  readonly from: Predecessor;
  /** Newest height with votes. */
  readonly certified: number;
}

/** Reads a state file, checks all of it, and hands over what it says. */
export async function readState(shell: Shell, name: string): Promise<ReadState> {
  const { loadState, openStateFile, predecessorOf } = await import("#node");
  const path = shell.path(name);
  requireFile(path);
  const store = new MemoryStore();
  const file = openStateFile(path);
  const ledger = loadState(file, store);
  return { ledger, store, from: predecessorOf(ledger), certified: file.opening.signed.header.height };
}

function requireFile(path: string): void {
  if (!existsSync(path)) throw cliError("cli.file-missing", `${path} cannot be read: there is no such file`, { path });
}

/** @throws HansaError `founding.stale-state` where the new group would begin before the old one ended */
function requireLater(genesis: Genesis, ledger: Ledger): void {
  const time = ledger.head?.header.time ?? 0;
  if (genesis.time <= time)
    throw protocolError(
      "founding.stale-state",
      `the group before has a block of ${formatTime(time)}, and this one begins earlier`,
      {
        time,
      },
    );
}

/**
 * What a genesis goes on from, held against what a state file says.
 *
 * @throws HansaError `founding.*`, `ledger.*`
 */
export async function tryBefore(genesis: Genesis, { ledger, store, from, certified }: ReadState): Promise<Before> {
  const { requireSame, tryGenesis } = await import("#node");
  requireSame(genesis.from as Predecessor, from);
  requireLater(genesis, ledger);
  tryGenesis(genesis, store);
  return { ...describeBefore(genesis, ledger, from, ["state file"]), certified };
}

/** The group that a genesis goes on from, as this home has it. */
function ownBefore(shell: Shell, genesis: Genesis): HomeGroup | undefined {
  return groupsOfHome(shell.home).find(({ id }) => id === genesis.from?.group);
}

/**
 * What a genesis goes on from, held against everything at hand before a founder signs: its own ledger, which must have that very block and
 * none behind it, and the state file, without which a home that has no such ledger, or a lower one, could check nothing.
 *
 * @throws HansaError `founding.stale-state`, `founding.other-state`, `founding.state-needed`, `storage.in-use`, `ledger.*`
 */
export async function checkBefore(
  shell: Shell,
  genesis: Genesis,
  file: string | undefined,
): Promise<Before | undefined> {
  const { from } = genesis;
  if (from === undefined && file !== undefined)
    throw cliError("cli.argument", "the group begins with nothing: --state has no meaning");
  if (from === undefined) return undefined;
  const own = ownBefore(shell, genesis);
  const mine = own === undefined ? undefined : await checkAgainstOwn(shell, genesis, own.name);
  if (file === undefined) {
    if (mine !== undefined) return mine;
    throw protocolError(
      "founding.state-needed",
      `this home cannot check what ${from.group} was at height ${from.height}`,
      {
        group: from.group,
        height: from.height,
      },
    );
  }
  const given = await tryBefore(genesis, await readState(shell, file));
  return mine === undefined ? given : { ...given, checked: [...given.checked, ...mine.checked] };
}

/** `undefined` where the home's ledger does not reach that far, and says nothing. */
async function checkAgainstOwn(shell: Shell, genesis: Genesis, name: string): Promise<Before | undefined> {
  const { homeAt, predecessorOf, requireSame, tryGenesis, withLedger } = await import("#node");
  const from = genesis.from as Predecessor;
  const files = homeAt(shell.home).group(name);
  if (!existsSync(files.ledger)) return undefined;
  const key = (await shell.keys()).dataKey(`data/${name}`);
  try {
    return await withLedger(files, key, ({ ledger, store }) => {
      if (ledger.height > from.height)
        throw protocolError(
          "founding.stale-state",
          `this home's ledger of ${from.group} is at height ${ledger.height}, the new group would go on from ${from.height}`,
          { group: from.group, height: ledger.height, wanted: from.height },
        );
      if (ledger.height < from.height) return undefined;
      requireSame(from, predecessorOf(ledger));
      requireLater(genesis, ledger);
      tryGenesis(genesis, store);
      return describeBefore(genesis, ledger, from, ["own ledger"]);
    });
  } finally {
    wipe(key);
  }
}

/** What is to be known of the group before, for people. */
export function beforeText(shell: Shell, before: Before): string {
  const { group, height, header, power, leaves, joins, checked } = before;
  const names = (members: Before["leaves"]) => members.map(({ name }) => shell.value(name)).join(", ");
  const fields = shell.fields([
    ["goes on from", group],
    ["as of", `block ${height}, ${shell.time(before.time)}`],
    ["header", header],
    ["founders had", `${power.founders} of ${power.total} voting power`],
    ["members no more", leaves.length === 0 ? "none" : names(leaves)],
    ["new members", joins.length === 0 ? "none" : names(joins)],
    ["checked against", checked.join(" and ")],
  ]);
  const warnings: string[] = [];
  if (before.certified !== undefined && before.certified < height && !checked.includes("own ledger"))
    warnings.push(
      `Nobody's votes stand for block ${height}, and this home does not have it: ask every survivor whether he does.`,
    );
  if (3 * power.founders < power.total)
    warnings.push(
      "The founders had less than a third of the voting power: the others could go on without them, in the old group. Be sure that they are gone.",
    );
  return [fields, ...warnings.map((warning) => shell.paint("yellow", warning))].join("\n");
}
