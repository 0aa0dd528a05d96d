import { didDocument, type IdentityRecord } from "#protocol";
import type { Queries, QueryContext } from "../../kernel/module.ts";
import { identityKey, readIdentity } from "./records.ts";

/** The record of one version, by number or by the time at which it held. */
function findVersion(
  context: QueryContext,
  did: string,
  fits: (identity: IdentityRecord) => boolean,
): IdentityRecord | undefined {
  return context.versions<IdentityRecord>(identityKey(did)).findLast(({ value }) => value !== null && fits(value))
    ?.value as IdentityRecord | undefined;
}

export const identityQueries: Queries<"identity"> = {
  // A block may hold several versions; only the last of a block is kept, since no reader ever saw the others.
  "identity.resolve"(context, { did, time, version }) {
    const identity =
      version !== undefined
        ? findVersion(context, did, (candidate) => candidate.version === version)
        : time !== undefined
          ? findVersion(context, did, (candidate) => candidate.updated <= time)
          : readIdentity(context.state, did);
    return identity === undefined ? undefined : { ...identity, document: didDocument(identity) };
  },
  "identity.versions"(context, { did }) {
    const versions = context.versions<IdentityRecord>(identityKey(did));
    return versions.length === 0
      ? undefined
      : {
          items: versions.flatMap(({ height, value }) =>
            value === null
              ? []
              : [{ height, version: value.version, updated: value.updated, deactivated: value.deactivated }],
          ),
        };
  },
};
