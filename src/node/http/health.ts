import type { EngineStatus } from "#engines";

/** What keeps a group's engine from its work, for who watches over the node. */
export function problemsOf(group: string, { state, failing, consensus }: EngineStatus): readonly string[] {
  const problem = consensus?.problem;
  const trouble = problem === undefined ? "" : `: ${problem.meaning} ${problem.advice}`;
  if (consensus?.up === false) return [`CometBFT of group ${group} does not answer${trouble}`];
  // It may still answer, and say that it fetches blocks: it never will have them.
  if (problem !== undefined) return [`CometBFT of group ${group} is in trouble${trouble}`];
  if (consensus?.catchingUp === true) return [`group ${group} still fetches what the others have`];
  if (state !== "running") return [`the engine of group ${group} is ${state}`];
  return failing === 0 ? [] : [`the last ${failing} blocks of group ${group} could not be stored`];
}
