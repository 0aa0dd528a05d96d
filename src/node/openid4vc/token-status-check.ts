import { credentialError, readTokenStatusReference, type StatusSource, TOKEN_STATUS } from "#identity";
import type { Issuer } from "../credentials/issuing-keys.ts";
import type { StatusLists } from "../credentials/status-lists.ts";

/**
 * Puts the node's own Token Status Lists before a source of statuses: they are read where they lie, not fetched over the network.
 *
 * @throws HansaError (the source, when asked) `credentials.status`, `credentials.status-unknown`
 */
export function withOwnTokenLists(
  lists: StatusLists,
  issuers: readonly Pick<Issuer, "name" | "id">[],
  next: StatusSource,
): StatusSource {
  return async (entry, credential) => {
    if (entry["status_list"] === undefined) return next(entry, credential);
    const { index, uri } = readTokenStatusReference(entry);
    const own = lists.findByUrl(uri);
    if (own === undefined) return next(entry, credential);
    const issuer = issuers.find(({ name }) => name === own.issuer);
    if (issuer === undefined || credential["iss"] !== issuer.id)
      throw unknown("the status list is another issuer's than the credential");
    const bits = lists.bits(own.id);
    if (index >= bits.size) throw unknown("idx is beyond the end of the status list");
    if (bits.get(index) === 0) return;
    const isSuspension = own.purpose === "suspension";
    throw credentialError("credentials.status", `the credential was ${isSuspension ? "suspended" : "revoked"}`, {
      purpose: own.purpose,
      value: isSuspension ? TOKEN_STATUS.suspended : TOKEN_STATUS.invalid,
    });
  };
}

function unknown(problem: string) {
  return credentialError("credentials.status-unknown", problem, { problem });
}
