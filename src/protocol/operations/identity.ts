import { type Static, Type } from "@sinclair/typebox";
import { Closed, Did, List, Multikey } from "./fields.ts";

/** Verification relationships of DID Core §5.3. `authentication` keys sign transactions, `capabilityInvocation` keys change the DID. */
export const Relationship = Type.Union([
  Type.Literal("authentication"),
  Type.Literal("assertionMethod"),
  Type.Literal("capabilityInvocation"),
  Type.Literal("capabilityDelegation"),
]);

const Relationships = List(Relationship, 1, 4);
const Fragment = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description: "fragment of the DID URL" });
const KeyFragment = Type.String({ pattern: "^[1-9A-HJ-NP-Za-km-z]{26,28}$", description: "fingerprint of the key" });
const Endpoint = Type.String({
  minLength: 3,
  maxLength: 512,
  pattern: "^[a-z][a-z0-9+.-]*:[^\\s\\u0000-\\u001f]+$",
  description: "absolute URI",
});

export const Service = Closed({
  id: Fragment,
  type: Type.String({ pattern: "^[A-Za-z][A-Za-z0-9]{0,63}$" }),
  endpoint: Endpoint,
});

export const IDENTITY_OPERATIONS = {
  "identity.create": Closed(
    {
      publicKey: Multikey,
      relationships: Type.Optional(Relationships),
      controllers: Type.Optional(List(Did, 1, 8)),
      services: Type.Optional(List(Service, 0, 16)),
    },
    "Creates the DID whose fingerprint is this key's. An active member signs, alone or beside the subject.",
  ),
  "identity.addKey": Closed({ did: Did, publicKey: Multikey, relationships: Relationships }),
  "identity.removeKey": Closed({ did: Did, key: KeyFragment }),
  "identity.rotateKey": Closed(
    { did: Did, key: KeyFragment, publicKey: Multikey },
    "Puts a new key in an old one's place, with its relationships.",
  ),
  "identity.setService": Closed({ did: Did, service: Service }, "Adds a service, or replaces the one of that id."),
  "identity.removeService": Closed({ did: Did, service: Fragment }),
  "identity.setControllers": Closed(
    { did: Did, controllers: List(Did, 0, 8) },
    "Who else may change this DID; none: the subject alone.",
  ),
  "identity.deactivate": Closed({ did: Did }, "For good: no key of it counts from the next block."),
} as const;

export type Relationship = Static<typeof Relationship>;
export type Service = Static<typeof Service>;
