import type { Contract, LinkageRecord } from "#protocol";
import { type Context, forbidden, type Handlers } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { LinkagesNeeds } from "./needs.ts";
import { contractDevices, linkageIdOf, linkageKey, readLinkage } from "./records.ts";

export function linkageHandlers(needs: LinkagesNeeds): Handlers<"linkages"> {
  function requireLinkage(context: Context, linkage: string): LinkageRecord {
    const record = readLinkage(context.state, linkage);
    if (record === undefined) throw refuse("linkages.unknown", `there is no linkage ${linkage}`, { linkage });
    return record;
  }

  function requireParty(context: Context, record: LinkageRecord): string {
    if (!record.contract.parties.includes(context.issuer))
      throw refuse("linkages.not-party", `${context.issuer} is not a party`, { linkage: record.linkage });
    return context.issuer;
  }

  function requireStatus(record: LinkageRecord, ...allowed: LinkageRecord["status"][]): void {
    if (!allowed.includes(record.status))
      throw refuse("linkages.state", `the linkage is ${record.status}`, { status: record.status });
  }

  function aboutOf(record: LinkageRecord): string[] {
    const { sources, targets } = contractDevices(record.contract);
    return [...new Set([record.linkage, ...record.contract.parties, ...sources, ...targets])];
  }

  function save(
    context: Context,
    record: LinkageRecord,
    change: Partial<LinkageRecord>,
    fact: string,
    data = {},
  ): void {
    // Any change of status makes commands of before void: they name the height at which the linkage last changed.
    const next = { ...record, ...change, version: context.height };
    context.state.put(linkageKey(record.linkage), next);
    context.emit(fact, aboutOf(next), { by: context.issuer, status: next.status, ...data });
  }

  function checkContract(context: Context, contract: Contract): void {
    const bad = (problem: string) => refuse("linkages.bad-contract", problem, { problem });
    if (contract.until <= contract.from || contract.until * 1000 <= context.time)
      throw refuse("linkages.validity", "the contract is over before it begins", {
        from: contract.from,
        until: contract.until,
      });
    if (new Set(contract.parties).size !== contract.parties.length) throw bad("a party stands twice");
    const { sources, targets } = contractDevices(contract);
    if (targets.length === 0) throw bad("no action names a device");
    if (contract.actions.at(-1) !== undefined && "delay" in (contract.actions.at(-1) as object))
      throw bad("nothing follows the last delay");
    for (const party of contract.parties)
      if (!needs.isLiveIdentity(context.state, party))
        throw refuse("linkages.unknown-identity", `${party} is not a live DID`, { party });
    for (const did of [...sources, ...targets]) {
      const device = needs.readDevice(context.state, did);
      if (device === undefined) throw refuse("linkages.unknown-device", `${did} is not enrolled`, { device: did });
      // Nobody's device is read or moved by a contract that its platform and its owner did not sign.
      for (const party of [device.operator, device.owner])
        if (!contract.parties.includes(party))
          throw refuse("linkages.missing-party", `${party} has a say over ${did} and is not a party`, {
            device: did,
            party,
          });
    }
  }

  /** Owners and operators change: at activation the parties must still be all of those who have a say. */
  function activateIfComplete(
    context: Context,
    record: LinkageRecord,
    accepted: readonly string[],
  ): Partial<LinkageRecord> {
    const complete = record.contract.parties.every((party) => accepted.includes(party));
    if (!complete) return { accepted };
    checkContract(context, record.contract);
    return { accepted, status: "active" };
  }

  return {
    "linkages.propose"(context, { contract }) {
      const linkage = linkageIdOf(contract);
      if (readLinkage(context.state, linkage) !== undefined)
        throw refuse("linkages.exists", "this contract was proposed before", { linkage });
      if (!contract.parties.includes(context.issuer))
        throw refuse("linkages.not-party", `${context.issuer} is not a party`, { linkage });
      checkContract(context, contract);
      const record: LinkageRecord = {
        linkage,
        contract,
        proposer: context.issuer,
        accepted: [],
        status: "proposed",
        suspendedBy: null,
        reason: null,
        version: context.height,
        done: 0,
        refused: 0,
      };
      // Every party that signed the proposal has thereby accepted.
      const accepted = contract.parties.filter((party) => context.parties.has(party));
      save(context, record, activateIfComplete(context, record, accepted), "linkages.proposed", { accepted });
    },

    "linkages.accept"(context, args) {
      const record = requireLinkage(context, args.linkage);
      requireStatus(record, "proposed");
      const parties = record.contract.parties.filter((party) => context.parties.has(party));
      if (parties.length === 0)
        throw refuse("linkages.not-party", `${context.issuer} is not a party`, { linkage: record.linkage });
      const fresh = parties.filter((party) => !record.accepted.includes(party));
      if (fresh.length === 0) throw refuse("linkages.accepted", "accepted already", { linkage: record.linkage });
      const accepted = [...record.accepted, ...fresh];
      save(context, record, activateIfComplete(context, record, accepted), "linkages.accepted", { accepted: fresh });
    },

    "linkages.suspend"(context, args) {
      const record = requireLinkage(context, args.linkage);
      const party = requireParty(context, record);
      requireStatus(record, "active");
      save(
        context,
        record,
        { status: "suspended", suspendedBy: party, reason: args.reason ?? null },
        "linkages.suspended",
      );
    },

    "linkages.activate"(context, args) {
      const record = requireLinkage(context, args.linkage);
      const party = requireParty(context, record);
      requireStatus(record, "suspended");
      if (record.suspendedBy !== party)
        throw refuse("linkages.not-suspender", `${record.suspendedBy} suspended it`, {
          suspendedBy: record.suspendedBy,
        });
      checkContract(context, record.contract);
      save(context, record, { status: "active", suspendedBy: null, reason: null }, "linkages.activated");
    },

    "linkages.withdraw"(context, args) {
      const record = requireLinkage(context, args.linkage);
      requireParty(context, record);
      requireStatus(record, "proposed", "active", "suspended");
      save(context, record, { status: "withdrawn", reason: args.reason ?? null }, "linkages.withdrawn");
    },

    "linkages.end"(context, args) {
      const record = requireLinkage(context, args.linkage);
      requireParty(context, record);
      requireStatus(record, "active", "suspended");
      const over = record.contract.until * 1000 <= context.time;
      if (!over && !record.contract.parties.every((party) => context.parties.has(party)))
        throw forbidden("all parties' signatures, as long as the contract runs");
      save(context, record, { status: "ended" }, "linkages.ended");
    },

    "linkages.anchorReceipts"(context, args) {
      if (!needs.isActiveMember(context.state, context.issuer)) throw forbidden("an active member of the group");
      const about = new Set<string>([context.issuer]);
      for (const count of args.counts) {
        const record = requireLinkage(context, count.linkage);
        const { targets } = contractDevices(record.contract);
        if (!targets.some((did) => needs.readDevice(context.state, did)?.operator === context.issuer))
          throw refuse("linkages.foreign-receipts", `no target of ${count.linkage} is operated by the issuer`, {
            linkage: count.linkage,
          });
        // Counters are no change of the contract: the version stays.
        context.state.put(linkageKey(count.linkage), {
          ...record,
          done: record.done + count.done,
          refused: record.refused + count.refused,
        });
        for (const subject of aboutOf(record)) about.add(subject);
      }
      context.emit("linkages.receiptsAnchored", [...about], { root: args.batch.root, size: args.batch.size });
    },
  };
}
