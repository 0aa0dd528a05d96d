import { pageOf, type Queries } from "../../kernel/module.ts";
import { readStatusList, STATUS_PREFIX, statusKey } from "./records.ts";

export const statusQueries: Queries<"statuses"> = {
  "statuses.list": ({ state }, { issuer, ...page }) =>
    pageOf(state, issuer === undefined ? STATUS_PREFIX : statusKey(issuer, ""), page),
  "statuses.get": ({ state }, { issuer, list }) => readStatusList(state, issuer, list),
};
