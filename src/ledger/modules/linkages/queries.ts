import type { LinkageRecord, LinkageView } from "#protocol";
import { pageOf, type Queries } from "../../kernel/module.ts";
import type { Reader } from "../../state/state.ts";
import type { LinkagesNeeds } from "./needs.ts";
import { LINKAGE_PREFIX, linkageHolds, readLinkage } from "./records.ts";

export function linkageQueries(needs: LinkagesNeeds): Queries<"linkages"> {
  const view = (state: Reader, record: LinkageRecord): LinkageView => ({
    ...record,
    effective:
      record.status === "active" && !linkageHolds(state, record.contract, needs.readDevice)
        ? "unaccepted"
        : record.status,
  });
  return {
    "linkages.list": ({ state }, args) => {
      const page = pageOf<LinkageRecord>(state, LINKAGE_PREFIX, args);
      return { ...page, items: page.items.map((record) => view(state, record)) };
    },
    "linkages.get": ({ state }, args) => {
      const record = readLinkage(state, args.linkage);
      return record === undefined ? undefined : view(state, record);
    },
  };
}
