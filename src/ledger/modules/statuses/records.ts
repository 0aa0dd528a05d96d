import type { StatusListRecord } from "#protocol";
import type { Reader } from "../../state/state.ts";

export const STATUS_PREFIX = "status/";

/** A list is its issuer's own: nobody can take its name. */
export const statusKey = (issuer: string, list: string) => `${STATUS_PREFIX}${issuer}/${list}`;

export const readStatusList = (state: Reader, issuer: string, list: string) =>
  state.get<StatusListRecord>(statusKey(issuer, list));
