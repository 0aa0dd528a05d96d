import type { GrantRecord, GrantView, Page } from "#protocol";
import { pageOf, type Queries, type QueryContext } from "../../kernel/module.ts";
import type { GrantsNeeds } from "./needs.ts";
import { GRANT_PREFIX, type GrantRole, listPrefix, readGrant, remainingOf, standingOf } from "./records.ts";

export function grantQueries(needs: GrantsNeeds): Queries<"grants"> {
  const view = ({ state, time }: QueryContext, record: GrantRecord): GrantView => {
    const standing = standingOf(state, record.grant, time, needs);
    // The record is there, so that no link of its chain is unknown.
    const effective = standing.stands ? "active" : (standing.why as Exclude<typeof standing.why, "unknown">);
    return { ...record, effective, remaining: remainingOf(standing.chain) };
  };
  const listOf = (
    context: QueryContext,
    role: GrantRole,
    did: string,
    args: { after?: string; limit?: number },
  ): Page<GrantView> => {
    const page = pageOf<{ readonly grant: string }>(context.state, listPrefix(role, did), args);
    return {
      ...page,
      items: page.items.flatMap(({ grant }) => {
        const record = readGrant(context.state, grant);
        return record === undefined ? [] : [view(context, record)];
      }),
    };
  };
  return {
    "grants.list": (context, args) => {
      const page = pageOf<GrantRecord>(context.state, GRANT_PREFIX, args);
      return { ...page, items: page.items.map((record) => view(context, record)) };
    },
    "grants.byOwner": (context, args) => listOf(context, "owner", args.owner, args),
    "grants.byRecipient": (context, args) => listOf(context, "recipient", args.recipient, args),
    "grants.byProvider": (context, args) => listOf(context, "provider", args.provider, args),
    "grants.get": (context, args) => {
      const record = readGrant(context.state, args.grant);
      return record === undefined ? undefined : view(context, record);
    },
  };
}
