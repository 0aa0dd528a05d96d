import { type AnchoredCommand, buildTrailProof } from "#audit";
import type { AnchorPlace } from "#events";
import { decodeCommand, type Receipt, type TrailProof } from "#protocol";
import type { Place } from "#storage";
import type { GroupService } from "./group-service.ts";

/** Most entries of a proof file: the newest steps, and the anchors of the commands that are shown. */
const MOST_STEPS = 200;
const MOST_COMMANDS = 100;
/** Newest places that are looked at for them. */
const MOST_PLACES = 1000;

const ANCHORED = "linkages.receiptsAnchored";

interface Step extends Place {
  /** Only tells that a batch of receipts, which may hold one of the subject's, was anchored. */
  readonly anchorOnly: boolean;
  readonly linkages: readonly string[];
}

/** The newest steps about a subject, ascending, with what the proof wants to know of each. */
async function newestSteps(group: GroupService, about: string): Promise<Step[]> {
  const places = await group.trail.places(about, { limit: MOST_PLACES, newest: true });
  let read: { readonly height: number; readonly receipts: readonly Receipt[] } | undefined;
  return places.map((place) => {
    if (read?.height !== place.height)
      read = { height: place.height, receipts: group.ledger.block(place.height)?.receipts ?? [] };
    const receipt = read.receipts[place.index];
    const facts = receipt?.facts.filter((fact) => fact.about.includes(about)) ?? [];
    return {
      ...place,
      anchorOnly: facts.every(({ fact }) => fact === ANCHORED),
      linkages: facts.flatMap((fact) => fact.about.filter((id) => id.startsWith("lk_"))),
    };
  });
}

/** Commands of the linkages that the steps name, whose receipts are anchored; of a device only those that it was told. */
function anchoredCommands(group: GroupService, about: string, steps: readonly Step[]): AnchoredCommand[] {
  const commands: AnchoredCommand[] = [];
  for (const linkage of new Set(steps.flatMap((step) => step.linkages)))
    for (const { receipts } of group.hosted)
      for (const entry of receipts.ofLinkage(linkage, MOST_COMMANDS)) {
        if (commands.length === MOST_COMMANDS) return commands;
        const proof = entry.place === undefined ? undefined : receipts.proofOf(entry.jti);
        if (proof === undefined || !concerns(proof.command, about)) continue;
        const { command, receipt, height, index, path } = proof;
        commands.push({ command, receipt, height, index, path });
      }
  return commands;
}

function concerns(command: string, about: string): boolean {
  return about.startsWith("lk_") || decodeCommand(command).command.sub === about;
}

/**
 * Proof file of a subject's trail: its newest steps, and the newest commands with the transactions that anchor their receipts. A busy
 * device has an anchor a second, which would push its enrolment out of the file: anchors are shown only for commands that are.
 *
 * @throws HansaError `audit.*`
 */
export async function trailProofOf(group: GroupService, about: string): Promise<TrailProof> {
  const steps = await newestSteps(group, about);
  const commands = anchoredCommands(group, about, steps);
  const anchors = new Set(commands.map(({ height, index }) => `${height}.${index}`));
  const told = steps.filter((step) => !step.anchorOnly).slice(-MOST_STEPS);
  const shown = new Set(told);
  const places = steps.filter((step) => shown.has(step) || anchors.has(`${step.height}.${step.index}`));
  return buildTrailProof(group.ledger, { about, places, commands });
}

/**
 * Where a batch of receipts was anchored, if it was before a crash took the answer: it would be among the newest.
 *
 * @param anchored - the fact that tells so
 */
export async function findReceiptAnchor(
  group: Pick<GroupService, "ledger" | "trail">,
  member: string,
  root: string,
  anchored = ANCHORED,
): Promise<AnchorPlace | undefined> {
  const places = await group.trail.places(member, { limit: MOST_PLACES, newest: true });
  return places
    .reverse()
    .find((place) =>
      group.ledger.receipt(place)?.facts.some(({ fact, data }) => fact === anchored && data["root"] === root),
    );
}
