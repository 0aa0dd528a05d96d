import { decodeMultikey, type PublicKey } from "#crypto";
import { didOf, fingerprintOf, type IdentityRecord, type Relationship } from "#protocol";
import { type Context, forbidden, type Handlers } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { IdentityNeeds } from "./needs.ts";
import { identityKey, isLiveIdentity, readIdentity } from "./records.ts";

const MOST = 16;
const ALL: readonly Relationship[] = [
  "assertionMethod",
  "authentication",
  "capabilityDelegation",
  "capabilityInvocation",
];

function requireKey(multikey: string): PublicKey {
  const key = decodeMultikey(multikey);
  if (key === undefined) throw refuse("identity.bad-key", "the Multikey is not a public key");
  return key;
}

/** The identity, provided that one of the signers may change it. */
function requireControl(context: Context, did: string): IdentityRecord {
  const identity = readIdentity(context.state, did);
  if (identity === undefined) throw refuse("identity.unknown", `${did} is not on this ledger`, { did });
  if (identity.deactivated) throw refuse("identity.deactivated", `${did} was deactivated`, { did });
  // The subject changes itself with a capabilityInvocation key (DID Core §5.3.4); a controller's signature counts as such.
  const own = context.parties.get(did);
  const invokes =
    own !== undefined &&
    identity.keys.some((key) => key.id === own.key && key.relationships.includes("capabilityInvocation"));
  const controlled = identity.controllers.some((controller) => controller !== did && context.parties.has(controller));
  if (!invokes && !controlled) throw forbidden("the subject's capabilityInvocation key, or a controller's signature");
  return identity;
}

function save(
  context: Context,
  identity: IdentityRecord,
  change: Partial<IdentityRecord>,
  fact: string,
  data = {},
): void {
  const next = { ...identity, ...change, version: identity.version + 1, updated: context.time };
  context.state.put(identityKey(identity.did), next);
  context.emit(fact, [identity.did], { version: next.version, ...data });
}

/** A DID that nobody can change any more must come from `deactivate`, never from a slip. */
function requireStillControlled(keys: IdentityRecord["keys"], controllers: readonly string[]): void {
  const steered = keys.some(
    (key) => key.relationships.includes("capabilityInvocation") && key.relationships.includes("authentication"),
  );
  if (!steered && controllers.length === 0)
    throw refuse("identity.last-key", "no key or controller would be left that can change the DID");
}

export function identityHandlers(needs: IdentityNeeds): Handlers<"identity"> {
  function requireControllers(context: Context, controllers: readonly string[], self: string): readonly string[] {
    for (const did of controllers)
      if (did !== self && !isLiveIdentity(context.state, did))
        throw refuse("identity.unknown-controller", `${did} is not a live DID`, { did });
    return [...new Set(controllers)].filter((did) => did !== self).sort();
  }

  return {
    "identity.create"(context, args) {
      const key = requireKey(args.publicKey);
      const did = didOf(context.alliance, key);
      if (readIdentity(context.state, did) !== undefined)
        throw refuse("identity.exists", `${did} exists already`, { did });
      let sponsored = false;
      for (const party of context.parties.keys()) if (needs.isActiveMember(context.state, party)) sponsored = true;
      if (!sponsored)
        throw refuse("identity.sponsor-required", "a new DID wants the signature of an active member", { did });
      const services = args.services ?? [];
      if (new Set(services.map((service) => service.id)).size !== services.length)
        throw refuse("identity.too-many", "a service id stands twice", { did });
      const controllers = requireControllers(context, args.controllers ?? [], did);
      const keys = [
        {
          id: fingerprintOf(key),
          publicKey: args.publicKey,
          relationships: args.relationships === undefined ? ALL : [...new Set(args.relationships)].sort(),
        },
      ];
      requireStillControlled(keys, controllers);
      const identity: IdentityRecord = {
        did,
        version: 1,
        deactivated: false,
        controllers,
        keys,
        services,
        created: context.time,
        updated: context.time,
      };
      context.state.put(identityKey(did), identity);
      context.emit("identity.created", [did], { publicKey: args.publicKey });
    },

    "identity.addKey"(context, args) {
      const identity = requireControl(context, args.did);
      const id = fingerprintOf(requireKey(args.publicKey));
      if (identity.keys.some((key) => key.id === id))
        throw refuse("identity.key-exists", "the DID has this key already", { key: id });
      if (identity.keys.length >= MOST) throw refuse("identity.too-many", `at most ${MOST} keys`, { limit: MOST });
      const key = { id, publicKey: args.publicKey, relationships: [...new Set(args.relationships)].sort() };
      save(context, identity, { keys: [...identity.keys, key] }, "identity.keyAdded", { key: id });
    },

    "identity.removeKey"(context, args) {
      const identity = requireControl(context, args.did);
      const keys = identity.keys.filter((key) => key.id !== args.key);
      if (keys.length === identity.keys.length)
        throw refuse("identity.unknown-key", "the DID has no such key", { key: args.key });
      requireStillControlled(keys, identity.controllers);
      save(context, identity, { keys }, "identity.keyRemoved", { key: args.key });
    },

    "identity.rotateKey"(context, args) {
      const identity = requireControl(context, args.did);
      const old = identity.keys.find((key) => key.id === args.key);
      if (old === undefined) throw refuse("identity.unknown-key", "the DID has no such key", { key: args.key });
      const id = fingerprintOf(requireKey(args.publicKey));
      if (identity.keys.some((key) => key.id === id))
        throw refuse("identity.key-exists", "the DID has this key already", { key: id });
      const keys = identity.keys.map((key) => (key === old ? { ...old, id, publicKey: args.publicKey } : key));
      save(context, identity, { keys }, "identity.keyRotated", { from: args.key, to: id });
    },

    "identity.setService"(context, { did, service }) {
      const identity = requireControl(context, did);
      const others = identity.services.filter((other) => other.id !== service.id);
      if (others.length >= MOST) throw refuse("identity.too-many", `at most ${MOST} services`, { limit: MOST });
      save(context, identity, { services: [...others, service] }, "identity.serviceSet", { service: service.id });
    },

    "identity.removeService"(context, args) {
      const identity = requireControl(context, args.did);
      const services = identity.services.filter((service) => service.id !== args.service);
      if (services.length === identity.services.length)
        throw refuse("identity.unknown-service", "the DID has no such service", { service: args.service });
      save(context, identity, { services }, "identity.serviceRemoved", { service: args.service });
    },

    "identity.setControllers"(context, args) {
      const identity = requireControl(context, args.did);
      const controllers = requireControllers(context, args.controllers, args.did);
      requireStillControlled(identity.keys, controllers);
      save(context, identity, { controllers }, "identity.controllersSet", { controllers: [...controllers] });
    },

    "identity.deactivate"(context, args) {
      const identity = requireControl(context, args.did);
      if (needs.isActiveMember(context.state, args.did))
        throw refuse("identity.active-member", `${args.did} is an active member`, { did: args.did });
      save(context, identity, { deactivated: true }, "identity.deactivated");
    },
  };
}
