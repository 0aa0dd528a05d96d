import { describe, expect, it } from "vitest";
import type { IdentityRecord } from "#protocol";
import { operation } from "#protocol";
import { type Actor, Alliance, actor, north, south, stranger, withKeyOf } from "../../alliance.suite.ts";

const anna = actor("anna");
const annas = actor("anna, second key", "secp256k1");
const thirds = actor("anna, third key", "P-256");
const bert = actor("bert");

interface Resolved extends IdentityRecord {
  document: Record<string, unknown>;
}
const resolve = (alliance: Alliance, did: string, at: object = {}) =>
  alliance.ledger.query("identity.resolve", { did, ...at }) as Resolved;
const service = (id: string) => ({ id, type: "Web", endpoint: `https://example.com/${id}` });

function withAnna(): Alliance {
  const alliance = new Alliance();
  alliance.introduce(anna);
  return alliance;
}

describe("creating a DID", () => {
  it("takes a member's signature alone, or beside the subject's", () => {
    const alliance = new Alliance();
    alliance.ok(north, "identity.create", { publicKey: anna.multikey });
    alliance.ok([bert, south], "identity.create", { publicKey: bert.multikey });
    alliance.ok([annas, north], "identity.create", { publicKey: annas.multikey, services: [service("a")] });
    const { document } = resolve(alliance, annas.did);
    expect(document).toEqual({
      "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
      id: annas.did,
      verificationMethod: [
        { id: annas.kid, type: "Multikey", controller: annas.did, publicKeyMultibase: annas.multikey },
      ],
      authentication: [annas.kid],
      assertionMethod: [annas.kid],
      capabilityInvocation: [annas.kid],
      capabilityDelegation: [annas.kid],
      service: [{ id: `${annas.did}#a`, type: "Web", serviceEndpoint: "https://example.com/a" }],
    });
  });

  it("is refused without a member, for a DID that exists, a key that is none, a controller that is nobody", () => {
    const alliance = withAnna();
    alliance.refused("identity.sponsor-required", stranger, "identity.create", { publicKey: stranger.multikey });
    alliance.refused("identity.sponsor-required", anna, "identity.create", { publicKey: bert.multikey });
    alliance.refused("identity.exists", north, "identity.create", { publicKey: anna.multikey });
    alliance.refused("identity.bad-key", north, "identity.create", { publicKey: `z${"1".repeat(45)}` });
    const controllers = [stranger.did];
    alliance.refused("identity.unknown-controller", north, "identity.create", {
      publicKey: bert.multikey,
      controllers,
    });
    const twice = [service("a"), service("a")];
    alliance.refused("identity.too-many", north, "identity.create", { publicKey: bert.multikey, services: twice });
    alliance.refused("identity.last-key", north, "identity.create", {
      publicKey: bert.multikey,
      relationships: ["assertionMethod"],
    });
  });

  it("lets nobody sign for a new DID with another key than its own", () => {
    const alliance = new Alliance();
    const thief = withKeyOf(bert, stranger);
    alliance.refused("transaction.unknown-key", [thief, north], "identity.create", { publicKey: bert.multikey });
  });
});

describe("changing a DID", () => {
  it("adds, rotates and removes keys; what is gone signs nothing from the next transaction on", () => {
    const alliance = withAnna();
    const did = anna.did;
    alliance.ok(anna, "identity.addKey", { did, publicKey: annas.multikey, relationships: ["authentication"] });
    const second = withKeyOf(anna, annas);
    // It authenticates, and changes nothing.
    alliance.refused("kernel.forbidden", second, "identity.setService", { did, service: service("a") });
    alliance.ok(anna, "identity.rotateKey", { did, key: anna.key, publicKey: thirds.multikey });
    alliance.refused("transaction.unknown-key", anna, "identity.setService", { did, service: service("a") });
    const third = withKeyOf(anna, thirds);
    alliance.ok(third, "identity.removeKey", { did, key: annas.key });
    alliance.refused("transaction.unknown-key", second, "identity.setService", { did, service: service("a") });
    alliance.ok(third, "identity.setService", { did, service: service("a") });
    expect(resolve(alliance, did).keys).toMatchObject([{ id: thirds.key, publicKey: thirds.multikey }]);
  });

  it("stops counting a key within the very transaction that removes it", () => {
    const alliance = withAnna();
    const did = anna.did;
    const ops = [
      operation("identity.rotateKey", { did, key: anna.key, publicKey: annas.multikey }),
      operation("identity.setService", { did, service: service("a") }),
    ];
    const receipt = alliance.block(alliance.sign([anna], ops))[0];
    expect(receipt?.error).toMatchObject({ code: "kernel.forbidden", operation: 1 });
    expect(resolve(alliance, did).version).toBe(1);
  });

  it("keeps every version, by height, by time and by number", () => {
    const alliance = withAnna();
    const did = anna.did;
    const made = { height: alliance.ledger.height, time: alliance.time };
    alliance.pass(100);
    alliance.ok(anna, "identity.setService", { did, service: service("a") });
    const served = { height: alliance.ledger.height, time: alliance.time };
    alliance.pass(100);
    alliance.ok(anna, "identity.rotateKey", { did, key: anna.key, publicKey: annas.multikey });
    for (const [at, version] of [
      [{ height: made.height }, 1],
      [{ height: served.height }, 2],
      [{ time: made.time }, 1],
      [{ time: served.time - 1 }, 1],
      [{ time: served.time }, 2],
      [{ time: alliance.time + 1 }, 3],
      [{ version: 1 }, 1],
      [{ version: 3 }, 3],
      [{}, 3],
    ] as const)
      expect([at, resolve(alliance, did, at).version]).toEqual([at, version]);
    for (const at of [{ height: made.height - 1 }, { time: made.time - 1 }, { version: 4 }])
      expect(() => resolve(alliance, did, at)).toThrow(expect.objectContaining({ code: "query.not-found" }));
    const { items } = alliance.ledger.query("identity.versions", { did }) as { items: { version: number }[] };
    expect(items.map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  it("lets controllers act, and the subject set them", () => {
    const alliance = withAnna();
    alliance.introduce(bert);
    const did = anna.did;
    const change = { did, service: service("a") };
    alliance.refused("kernel.forbidden", bert, "identity.setService", change);
    alliance.ok(anna, "identity.setControllers", { did, controllers: [bert.did, did, bert.did] });
    expect(resolve(alliance, did).controllers).toEqual([bert.did]);
    alliance.ok(bert, "identity.setService", change);
    alliance.ok(bert, "identity.removeKey", { did, key: anna.key });
    alliance.refused("identity.last-key", bert, "identity.setControllers", { did, controllers: [] });
    alliance.refused("identity.unknown-controller", bert, "identity.setControllers", {
      did,
      controllers: [stranger.did],
    });
  });

  it("replaces and removes services", () => {
    const alliance = withAnna();
    const did = anna.did;
    alliance.ok(anna, "identity.setService", { did, service: service("a") });
    alliance.ok(anna, "identity.setService", { did, service: { ...service("a"), endpoint: "mqtt://x" } });
    expect(resolve(alliance, did).services).toEqual([{ ...service("a"), endpoint: "mqtt://x" }]);
    alliance.ok(anna, "identity.removeService", { did, service: "a" });
    alliance.refused("identity.unknown-service", anna, "identity.removeService", { did, service: "a" });
  });

  it("has limits", () => {
    const alliance = withAnna();
    const did = anna.did;
    const keys = Array.from({ length: 15 }, (_, i) => actor(`key ${i}`));
    const add = (key: Actor) =>
      operation("identity.addKey", { did, publicKey: key.multikey, relationships: ["assertionMethod"] });
    const serve = (i: number) => operation("identity.setService", { did, service: service(`s${i}`) });
    const all = [...keys.map(add), ...Array.from({ length: 16 }, (_, i) => serve(i))];
    expect(alliance.block(alliance.sign([anna], all))[0]?.code).toBe(0);
    alliance.refused("identity.too-many", anna, "identity.addKey", {
      did,
      publicKey: bert.multikey,
      relationships: ["authentication"],
    });
    alliance.refused("identity.too-many", anna, "identity.setService", { did, service: service("more") });
    alliance.ok(anna, "identity.setService", { did, service: { ...service("s3"), type: "Other" } });
  });

  it("refuses keys that are there, are not there, or are the last", () => {
    const alliance = withAnna();
    const did = anna.did;
    const relationships: ["authentication"] = ["authentication"];
    alliance.refused("identity.key-exists", anna, "identity.addKey", { did, publicKey: anna.multikey, relationships });
    alliance.refused("identity.key-exists", anna, "identity.rotateKey", {
      did,
      key: anna.key,
      publicKey: anna.multikey,
    });
    alliance.refused("identity.unknown-key", anna, "identity.removeKey", { did, key: bert.key });
    alliance.refused("identity.unknown-key", anna, "identity.rotateKey", {
      did,
      key: bert.key,
      publicKey: bert.multikey,
    });
    alliance.refused("identity.bad-key", anna, "identity.rotateKey", {
      did,
      key: anna.key,
      publicKey: `z${"1".repeat(45)}`,
    });
    alliance.refused("identity.last-key", anna, "identity.removeKey", { did, key: anna.key });
    alliance.ok(anna, "identity.addKey", { did, publicKey: annas.multikey, relationships });
    alliance.refused("identity.last-key", anna, "identity.removeKey", { did, key: anna.key });
  });

  it("deactivates for good", () => {
    const alliance = withAnna();
    alliance.introduce(bert);
    const did = anna.did;
    alliance.ok(anna, "identity.setControllers", { did, controllers: [bert.did] });
    alliance.ok(anna, "identity.deactivate", { did });
    alliance.refused("transaction.unknown-key", anna, "identity.setService", { did, service: service("a") });
    alliance.refused("identity.deactivated", bert, "identity.setService", { did, service: service("a") });
    alliance.refused("identity.exists", north, "identity.create", { publicKey: anna.multikey });
    const { document } = resolve(alliance, did);
    expect([document["authentication"], document["verificationMethod"]]).toEqual([undefined, undefined]);
    expect(resolve(alliance, did, { version: 1 }).document["authentication"]).toEqual([anna.kid]);
  });

  it("is nobody else's right: not a member's, not a stranger's", () => {
    const alliance = withAnna();
    const did = anna.did;
    for (const other of [north, south])
      for (const [op, args] of [
        ["identity.setService", { did, service: service("a") }],
        ["identity.deactivate", { did }],
        ["identity.addKey", { did, publicKey: bert.multikey, relationships: ["authentication"] }],
        ["identity.setControllers", { did, controllers: [other.did] }],
      ] as const)
        alliance.refused("kernel.forbidden", other, op, args as never);
    alliance.refused("identity.unknown", north, "identity.deactivate", { did: bert.did });
  });
});
