import { pageOf, type Queries } from "../../kernel/module.ts";
import { LINKAGE_PREFIX, readLinkage } from "./records.ts";

export const linkageQueries: Queries<"linkages"> = {
  "linkages.list": ({ state }, args) => pageOf(state, LINKAGE_PREFIX, args),
  "linkages.get": ({ state }, args) => readLinkage(state, args.linkage),
};
