import type { GrantRecord } from "#protocol";
import { type Context, forbidden, type Handlers } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { GrantsNeeds } from "./needs.ts";
import type { DelegateArgs, GiveArgs } from "./operations.ts";
import { grantKey, putNewGrant, readChain, readGrant, remainingOf, standingOf } from "./records.ts";

export function grantHandlers(needs: GrantsNeeds): Handlers<"grants"> {
  function requireGrant(context: Context, grant: string): GrantRecord {
    const record = readGrant(context.state, grant);
    if (record === undefined) throw refuse("grants.unknown", `there is no grant ${grant}`, { grant });
    return record;
  }

  function checkNew(context: Context, args: GiveArgs | DelegateArgs, provider: string): void {
    const { grant, recipient, terms, from, until } = args;
    if (readGrant(context.state, grant) !== undefined)
      throw refuse("grants.exists", `there is a grant ${grant} already`, { grant });
    // One order of the same digests: the place of a digest says nothing of its field.
    if (terms.some((digest, i) => i > 0 && digest <= (terms[i - 1] as string)))
      throw refuse("grants.terms", "the digests are not ascending", { grant });
    if (until <= from || until * 1000 <= context.time)
      throw refuse("grants.window", "the grant is over before it begins", { from, until });
    if (!needs.isInGoodStanding(context.state, recipient))
      throw refuse("grants.recipient", `${recipient} is nobody to whom data can go`, { recipient });
    if (!needs.isActiveMember(context.state, provider))
      throw refuse("grants.provider", `${provider} is no active member`, { provider });
  }

  function put(
    context: Context,
    { grant, recipient, terms, from, until, count, delegable }: GiveArgs | DelegateArgs,
    link: Pick<GrantRecord, "owner" | "provider" | "parent" | "depth">,
  ): GrantRecord {
    const record: GrantRecord = {
      grant,
      owner: link.owner,
      grantor: context.issuer,
      recipient,
      provider: link.provider,
      terms,
      from,
      until,
      count: count ?? null,
      used: 0,
      parent: link.parent,
      depth: link.depth,
      delegable,
      status: "active",
      revokedBy: null,
      reason: null,
      created: context.time,
      createdAt: context.height,
      updated: context.time,
      updatedAt: context.height,
    };
    putNewGrant(context.state, record);
    return record;
  }

  /** What the ledger can see of narrowing; the rest is behind digests, and the provider checks it with the opened terms. */
  function checkNarrower(args: DelegateArgs, parent: GrantRecord, left: number | null): void {
    const exceeds: [string, boolean][] = [
      ["delegable", args.delegable >= parent.delegable],
      ["from", args.from < parent.from],
      ["until", args.until > parent.until],
      ["count", left !== null && (args.count === undefined || args.count > left)],
    ];
    for (const [field, exceeded] of exceeds)
      if (exceeded)
        throw refuse("grants.widened", `${field} exceeds what grant ${parent.grant} allows`, {
          field,
          parent: parent.grant,
          ...(field === "count" ? { left } : {}),
        });
  }

  return {
    "grants.give"(context, args) {
      checkNew(context, args, args.provider);
      const record = put(context, args, { owner: context.issuer, provider: args.provider, parent: null, depth: 0 });
      context.emit("grants.given", aboutOf([record]), dataOf(record));
    },

    "grants.delegate"(context, args) {
      const parent = requireGrant(context, args.parent);
      if (parent.recipient !== context.issuer)
        throw refuse("grants.not-recipient", `${context.issuer} is not the recipient of ${parent.grant}`, {
          grant: parent.grant,
        });
      const standing = standingOf(context.state, parent.grant, context.time, needs);
      // What has not begun can be handed on: the window keeps it within.
      if (!standing.stands && standing.why !== "early")
        throw refuse("grants.lapsed", `grant ${standing.grant} does not stand: ${standing.why}`, {
          grant: parent.grant,
          link: standing.grant,
          why: standing.why,
        });
      checkNew(context, args, parent.provider);
      checkNarrower(args, parent, remainingOf(standing.chain));
      const { owner, provider, depth } = parent;
      const record = put(context, args, { owner, provider, parent: parent.grant, depth: depth + 1 });
      context.emit("grants.delegated", aboutOf([record, ...standing.chain]), {
        ...dataOf(record),
        parent: parent.grant,
        grantor: record.grantor,
      });
    },

    "grants.revoke"(context, { grant, reason }) {
      const record = requireGrant(context, grant);
      if (context.issuer !== record.owner && context.issuer !== record.grantor)
        throw refuse("grants.not-grantor", `${context.issuer} neither owns nor gave ${grant}`, { grant });
      if (record.status === "revoked") throw refuse("grants.revoked", `${grant} is revoked already`, { grant });
      context.state.put(grantKey(grant), {
        ...record,
        status: "revoked",
        revokedBy: context.issuer,
        reason: reason ?? null,
        updated: context.time,
        updatedAt: context.height,
      } satisfies GrantRecord);
      context.emit("grants.revoked", aboutOf([record]), {
        grant,
        by: context.issuer,
        ...(reason === undefined ? {} : { reason }),
      });
    },

    "grants.anchor"(context, { root, size, grants }) {
      if (!needs.isActiveMember(context.state, context.issuer)) throw forbidden("an active member of the group");
      const named = new Set(grants.map(({ grant }) => grant));
      const total = grants.reduce((sum, { used }) => sum + used, 0);
      // Nothing is counted off a grant without a receipt under the root that shows it.
      if (named.size !== grants.length || total > size)
        throw refuse("grants.batch", "more is counted than the batch has receipts, or a grant stands twice", {
          size,
          total,
        });
      const about = new Set<string>([context.issuer]);
      for (const { grant, used } of grants) {
        const record = requireGrant(context, grant);
        if (record.provider !== context.issuer)
          throw refuse("grants.foreign-receipts", `${context.issuer} is not the provider of ${grant}`, { grant });
        // Standing does not matter: what was released before a revocation or the end is anchored behind it.
        const chain = readChain(context.state, grant);
        for (const link of chain) {
          if (link.count !== null && link.used + used > link.count)
            throw refuse("grants.spent", `${link.used + used} releases exceed the count of ${link.grant}`, {
              grant,
              link: link.grant,
              count: link.count,
              used: link.used,
            });
          // Counters are no change of what was granted: `updated` stays.
          context.state.put(grantKey(link.grant), { ...link, used: link.used + used } satisfies GrantRecord);
        }
        for (const subject of aboutOf(chain)) about.add(subject);
      }
      context.emit("grants.accessAnchored", [...about], { root, size, used: total });
    },
  };
}

function aboutOf(chain: readonly GrantRecord[]): string[] {
  const about = chain.flatMap(({ grant, owner, grantor, recipient, provider }) => [
    `grant/${grant}`,
    owner,
    grantor,
    recipient,
    provider,
  ]);
  return [...new Set(about)];
}

function dataOf({ grant, owner, recipient, provider, from, until, count }: GrantRecord) {
  return { grant, owner, recipient, provider, from, until, count };
}
