import { type AnchoredCommand, buildTrailProof, type TrailIndex } from "#audit";
import { contractDevices, readLinkage } from "#ledger";
import type { AnchorPlace } from "#linkage";
import type { LinkageRecord, TrailProof } from "#protocol";
import type { GroupService } from "./group-service.ts";

/** Most entries of a proof file; of a longer trail the newest are shown. */
const MOST_ENTRIES = 1000;
const MOST_COMMANDS = 500;

/** Linkages whose commands belong to a subject: the linkage itself, or all that name the device. */
function linkagesAbout(group: GroupService, about: string): LinkageRecord[] {
  const { state } = group.ledger;
  if (about.startsWith("lk_")) {
    const record = readLinkage(state, about);
    return record === undefined ? [] : [record];
  }
  const found: LinkageRecord[] = [];
  for (const key of state.keys("linkage/")) {
    const record = state.get<LinkageRecord>(key);
    if (record !== undefined && contractDevices(record.contract).targets.includes(about)) found.push(record);
  }
  return found;
}

function anchoredCommands(group: GroupService, about: string): AnchoredCommand[] {
  const commands: AnchoredCommand[] = [];
  for (const { linkage } of linkagesAbout(group, about))
    for (const member of group.hosted)
      for (const entry of member.receipts.ofLinkage(linkage, MOST_COMMANDS)) {
        const proof = entry.place === undefined ? undefined : member.receipts.proofOf(entry.jti);
        if (proof === undefined || commands.length >= MOST_COMMANDS) continue;
        commands.push({
          command: proof.command,
          receipt: proof.receipt,
          height: proof.height,
          index: proof.index,
          path: proof.path,
        });
      }
  return commands;
}

/**
 * Proof file of a subject's trail.
 *
 * @throws HansaError `audit.*`
 */
export async function trailProofOf(group: GroupService, about: string): Promise<TrailProof> {
  const places = await group.trail.places(about, { limit: MOST_ENTRIES, newest: true });
  return buildTrailProof(group.ledger, { about, places, commands: anchoredCommands(group, about) });
}

/** Where a batch of receipts was anchored, if it was before a crash took the answer. */
export async function findReceiptAnchor(
  trail: TrailIndex,
  member: string,
  root: string,
): Promise<AnchorPlace | undefined> {
  for (let after: string | undefined; ; ) {
    const page = await trail.entries(member, { limit: 1000, after });
    for (const step of page.items)
      if (step.facts.some(({ fact, data }) => fact === "linkages.receiptsAnchored" && data["root"] === root))
        return { height: step.height, index: step.index };
    if (page.next === undefined) return undefined;
    after = page.next;
  }
}
