import type { IdentityRecord } from "#protocol";
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

/** DID Core 1.0 §5 / Controlled Identifiers 1.0, as JSON-LD. */
export function didDocument(identity: IdentityRecord): object {
  const { did } = identity;
  const relationship = (name: string) => {
    const keys = identity.keys.filter((key) => (key.relationships as readonly string[]).includes(name));
    return identity.deactivated || keys.length === 0 ? {} : { [name]: keys.map((key) => `${did}#${key.id}`) };
  };
  return {
    "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
    id: did,
    ...(identity.controllers.length === 0 ? {} : { controller: [...identity.controllers] }),
    ...(identity.deactivated
      ? {}
      : {
          verificationMethod: identity.keys.map((key) => ({
            id: `${did}#${key.id}`,
            type: "Multikey",
            controller: did,
            publicKeyMultibase: key.publicKey,
          })),
        }),
    ...relationship("authentication"),
    ...relationship("assertionMethod"),
    ...relationship("capabilityInvocation"),
    ...relationship("capabilityDelegation"),
    ...(identity.deactivated || identity.services.length === 0
      ? {}
      : {
          service: identity.services.map((service) => ({
            id: `${did}#${service.id}`,
            type: service.type,
            serviceEndpoint: service.endpoint,
          })),
        }),
  };
}
