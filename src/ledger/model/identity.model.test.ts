import fc from "fast-check";
import { it } from "vitest";
import type { IdentityRecord } from "#protocol";
import { type Actor, actor, north, withKeyOf } from "../alliance.suite.ts";
import { holdAgainstModel, type Model, type Step } from "./model.suite.ts";

const subjects = [actor("anna"), actor("bert")] as const;
const keys = [...subjects, actor("key one"), actor("key two", "P-256")];
const SIGNS = "authentication";
const STEERS = "capabilityInvocation";

interface Identity {
  live: boolean;
  version: number;
  /** Key to what it is for. */
  keys: Map<string, string[]>;
  controllers: string[];
  services: Set<string>;
}

/** All arguments that any of the operations has. */
interface Args {
  did: string;
  publicKey: string;
  key: string;
  relationships: string[];
  controllers: string[];
  service: string | { id: string };
}

class IdentityModel implements Model {
  known = new Map<string, Identity>();

  private signs({ did, key }: Actor, step: Step): boolean {
    if (did === north.did) return true;
    const own = this.known.get(did);
    if (own === undefined) {
      // Only the first key of the DID that is being created.
      const made = step.operation.op === "identity.create" && step.operation.args["publicKey"];
      return keys.some((one) => one.multikey === made && one.did === did && one.key === key);
    }
    return own.live && own.keys.get(key)?.includes(SIGNS) === true;
  }

  private steered(own: Identity): boolean {
    return (
      own.controllers.length > 0 || [...own.keys.values()].some((uses) => uses.includes(SIGNS) && uses.includes(STEERS))
    );
  }

  apply(step: Step): string | 0 {
    const { signers, operation } = step;
    const { op } = operation;
    const args = operation.args as unknown as Args;
    if (!signers.every((one) => this.signs(one, step))) return "transaction.unknown-key";
    const added = keys.find(({ multikey }) => multikey === args.publicKey) as Actor;
    if (op === "identity.create") {
      if (this.known.has(added.did)) return "identity.exists";
      if (!signers.includes(north)) return "identity.sponsor-required";
      const all = [SIGNS, STEERS, "assertionMethod", "capabilityDelegation"];
      this.known.set(added.did, {
        live: true,
        version: 1,
        keys: new Map([[added.key, all]]),
        controllers: [],
        services: new Set(),
      });
      return 0;
    }
    const did = args.did;
    const before = this.known.get(did);
    if (before === undefined) return "identity.unknown";
    if (!before.live) return "identity.deactivated";
    const own = signers.find((one) => one.did === did);
    const mayItself = own !== undefined && before.keys.get(own.key)?.includes(STEERS) === true;
    if (!mayItself && !signers.some((one) => one.did !== did && before.controllers.includes(one.did)))
      return "kernel.forbidden";
    const next = {
      ...before,
      version: before.version + 1,
      keys: new Map(before.keys),
      services: new Set(before.services),
    };
    switch (op) {
      case "identity.addKey":
        if (next.keys.has(added.key)) return "identity.key-exists";
        next.keys.set(added.key, args.relationships);
        break;
      case "identity.removeKey":
        if (!next.keys.delete(args.key)) return "identity.unknown-key";
        if (!this.steered(next)) return "identity.last-key";
        break;
      case "identity.rotateKey": {
        const uses = next.keys.get(args.key);
        if (uses === undefined) return "identity.unknown-key";
        if (next.keys.has(added.key)) return "identity.key-exists";
        next.keys.delete(args.key);
        next.keys.set(added.key, uses);
        break;
      }
      case "identity.setService":
        next.services.add((args.service as { id: string }).id);
        break;
      case "identity.removeService":
        if (!next.services.delete(args.service as string)) return "identity.unknown-service";
        break;
      case "identity.setControllers": {
        const others = args.controllers.filter((other) => other !== did);
        if (others.some((other) => other !== north.did && this.known.get(other)?.live !== true))
          return "identity.unknown-controller";
        next.controllers = [...new Set(others)];
        if (!this.steered(next)) return "identity.last-key";
        break;
      }
      case "identity.deactivate":
        next.live = false;
        break;
    }
    this.known.set(did, next);
    return 0;
  }

  expected() {
    return [...this.known].sort().map(([did, own]) => ({
      did,
      version: own.version,
      live: own.live,
      keys: [...own.keys].map(([key, uses]) => [key, [...uses].sort()]).sort(),
      controllers: [...own.controllers].sort(),
      services: [...own.services].sort(),
    }));
  }
}

it("identities behave as the model of keys and controllers does", () => {
  const pairs = subjects.flatMap((subject) => keys.map((key) => withKeyOf(subject, key)));
  const own = fc.constantFrom(...subjects);
  const signers = fc.oneof(
    { weight: 3, arbitrary: own.map((one): Actor[] => [one]) },
    { weight: 3, arbitrary: fc.constantFrom(...pairs).map((one): Actor[] => [one]) },
    { weight: 2, arbitrary: fc.constant<Actor[]>([north]) },
    { weight: 1, arbitrary: fc.constantFrom(...pairs).map((one): Actor[] => [one, north]) },
  );
  const did = own.map((one) => one.did);
  const key = fc.constantFrom(...keys).map((one) => one.key);
  const publicKey = fc.constantFrom(...keys).map((one) => one.multikey);
  const relationships = fc.constantFrom([SIGNS], [SIGNS, STEERS], ["assertionMethod"]);
  const service = fc.constantFrom("a", "b");
  const args = {
    "identity.create": fc.record({ publicKey: own.map((one) => one.multikey) }),
    "identity.addKey": fc.record({ did, publicKey, relationships }),
    "identity.removeKey": fc.record({ did, key }),
    "identity.rotateKey": fc.record({ did, key, publicKey }),
    "identity.setService": fc.record({ did, service: service.map((id) => ({ id, type: "Web", endpoint: "a:b" })) }),
    "identity.removeService": fc.record({ did, service }),
    "identity.setControllers": fc.record({
      did,
      controllers: fc.subarray([subjects[0].did, subjects[1].did, north.did]),
    }),
    "identity.deactivate": fc.record({ did }),
  };
  const names = Object.keys(args) as (keyof typeof args)[];
  const usual = names.filter((name) => name !== "identity.deactivate");
  holdAgainstModel({
    model: () => new IdentityModel(),
    read: ({ ledger, genesis }) =>
      [...ledger.state.keys("identity/")]
        .map((at) => ledger.state.get<IdentityRecord>(at) as IdentityRecord)
        .filter((one) => genesis.members.every((member) => member.did !== one.did))
        .map((one) => ({
          did: one.did,
          version: one.version,
          live: !one.deactivated,
          keys: one.keys.map(({ id, relationships: uses }) => [id, [...uses].sort()]).sort(),
          controllers: one.controllers,
          services: one.services.map(({ id }) => id).sort(),
        })),
    step: () =>
      fc.constantFrom(...usual, ...usual, ...usual, ...names, "identity.create" as const).chain((op) =>
        fc.record({ signers, args: args[op] as fc.Arbitrary<object> }).map((made) => ({
          signers: made.signers,
          operation: { op, args: made.args as never },
        })),
      ),
    runs: 300,
    reaches: [
      "transaction.unknown-key",
      "kernel.forbidden",
      "identity.exists",
      "identity.unknown",
      "identity.deactivated",
      "identity.key-exists",
      "identity.unknown-key",
      "identity.last-key",
      "identity.unknown-service",
      "identity.unknown-controller",
    ],
  });
}, 120_000);
