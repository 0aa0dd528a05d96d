/** How the members of a network fare, looked at again and again. */
import { isHansaError } from "#base";
import type { ConsensusStatus } from "#engines";
import { type Client, getStatus } from "#sdk";
import type { Output } from "../io.ts";
import { formatTime } from "../output/format.ts";
import type { Paint } from "../output/paint.ts";
import { renderTable } from "../output/table.ts";

/** A member whose node is asked. */
export interface Watched {
  readonly name: string;
  readonly client: Client;
}

/** One member at one moment. */
export interface MemberView {
  readonly member: string;
  /** Of its engine; `unreachable` where its node does not answer. */
  readonly state: string;
  readonly height: number | null;
  readonly root: string | null;
  readonly consensus: ConsensusStatus | null;
}

/** What every member says of a group now. Nobody's silence holds up the others. */
export function lookAt(members: readonly Watched[], groupId: string, signal: AbortSignal): Promise<MemberView[]> {
  return Promise.all(members.map((member) => lookAtOne(member, groupId, signal)));
}

async function lookAtOne({ name, client }: Watched, groupId: string, signal: AbortSignal): Promise<MemberView> {
  try {
    const { groups } = await getStatus(client, { signal });
    const group = groups.find(({ id }) => id === groupId);
    if (group === undefined) return { member: name, state: "not served", height: null, root: null, consensus: null };
    const { consensus } = group as { readonly consensus?: ConsensusStatus | null };
    const { state = "running", height = null, root = null } = group;
    return { member: name, state, height, root, consensus: consensus ?? null };
  } catch (error) {
    if (!isHansaError(error) && !signal.aborted) throw error;
    return { member: name, state: "unreachable", height: null, root: null, consensus: null };
  }
}

/** Whether all answer, at one height from `least` on, with one root. */
export function agree(views: readonly MemberView[], least = 0): boolean {
  const [first] = views;
  return (
    first?.height !== undefined &&
    first.height !== null &&
    first.height >= least &&
    views.every(({ height, root }) => height === first.height && root === first.root)
  );
}

/** Looks until it holds. @returns what was seen last; it may not hold where the signal fired */
export async function lookUntil(
  members: readonly Watched[],
  groupId: string,
  signal: AbortSignal,
  holds: (views: readonly MemberView[]) => boolean,
): Promise<MemberView[]> {
  for (;;) {
    const views = await lookAt(members, groupId, signal);
    if (signal.aborted || holds(views)) return views;
    await pause(100, signal);
  }
}

/** Table of all members, for people. */
export function viewTable(views: readonly MemberView[], paint: Paint, columns?: number): string {
  const heads = ["member", "state", "height", "block/round", "peers", "votes", "root"];
  const rows = views.map(({ member, state, height, root, consensus }) => [
    member,
    stateOf(state, consensus, paint),
    height === null ? "" : String(height),
    consensus === null ? "" : `${consensus.block}/${consensus.round}`,
    consensus === null ? "" : String(consensus.peers.length),
    consensus === null ? "" : consensus.validator ? "yes" : "no",
    root === null ? "" : `${root.slice(0, 8)}…`,
  ]);
  return renderTable(heads, rows, { head: (text) => paint("bold", text), columns });
}

function stateOf(state: string, consensus: ConsensusStatus | null, paint: Paint): string {
  if (state === "unreachable" || state === "halted") return paint("red", state);
  if (consensus?.up === false) return paint("red", "engine down");
  if (consensus?.problem !== undefined) return paint("red", consensus.problem.kind);
  if (consensus?.catchingUp === true) return paint("yellow", "catching up");
  return state === "running" ? paint("green", state) : paint("yellow", state);
}

/** The same on one line, for logs: without what changes with every empty block of the engine. */
function viewLine(views: readonly MemberView[]): string {
  return views
    .map(({ member, state, height, consensus }) => {
      const peers = consensus === null ? "" : ` ${consensus.peers.length} peers`;
      return `${member} ${state}${height === null ? "" : ` ${height}`}${peers}`;
    })
    .join("; ")
    .concat(agree(views) ? "; one root" : "");
}

export interface WatchOptions {
  readonly members: readonly Watched[];
  readonly groupId: string;
  readonly out: Output;
  readonly paint: Paint;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Milliseconds from one look to the next (1000). */
  readonly every?: number;
}

/** Shows the members until the signal fires: in place on a terminal, else a line for every change. */
export async function watch(options: WatchOptions): Promise<void> {
  const { members, groupId, out, paint, signal, now, every = 1000 } = options;
  let shown = 0;
  let last = "";
  while (!signal.aborted) {
    const views = await lookAt(members, groupId, signal);
    if (signal.aborted) return;
    if (out.isTerminal) {
      const table = viewTable(views, paint, out.columns);
      out.write(`${shown === 0 ? "" : `\u001b[${shown}A\u001b[J`}${table}\n`);
      shown = table.split("\n").length;
    } else {
      const line = viewLine(views);
      if (line !== last) out.write(`${formatTime(now())} ${line}\n`);
      last = line;
    }
    await pause(every, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done, { once: true });
  });
}
