import type { Json } from "#base";
import type { IdentityRecord } from "./queries.ts";

/** A DID document of whatever method (DID Core 1.0 §4). */
export interface DidDocument {
  readonly id: string;
  readonly [member: string]: Json;
}

/** The document of a `did:hansa` (DID Core 1.0 §5, Controlled Identifiers 1.0), as JSON-LD. */
export function didDocument(identity: IdentityRecord): DidDocument {
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
