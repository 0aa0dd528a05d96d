import { describe, expect, it } from "vitest";
import type { Attestation, DeviceView, OperationArgs } from "#protocol";
import {
  type Actor,
  Alliance,
  actor,
  digestOfText,
  FIRMWARE,
  lab,
  MODEL,
  maker,
  north,
  south,
  stranger,
  withKeyOf,
} from "../../alliance.suite.ts";
import { isAdmitted, type ReceiptErrorCode } from "../../index.ts";

const lamp = actor("lamp", "P-256");
const plug = actor("plug", "secp256k1");
const owner = actor("owner");
const buyer = actor("buyer");

const view = (alliance: Alliance, device = lamp) =>
  alliance.ledger.query("devices.get", { device: device.did }) as DeviceView;
const effective = (alliance: Alliance, device = lamp) => view(alliance, device).effective;

/** An alliance with a certified model and two devices that have DIDs. */
function ready(): Alliance {
  const alliance = new Alliance(undefined, { challengeSeconds: 30 });
  alliance.introduce(lamp, plug, owner, buyer);
  alliance.defineModel();
  return alliance;
}

function admitted(): Alliance {
  const alliance = ready();
  alliance.enrol(lamp, owner);
  alliance.admit(lamp);
  return alliance;
}

describe("makers and labs", () => {
  it("register roots, models and firmware, each only its own", () => {
    const alliance = new Alliance();
    const root = actor("root").multikey;
    const model = { model: MODEL, name: "Lamp", description: digestOfText("td") };
    for (const other of [north, lab]) {
      alliance.refused("kernel.forbidden", other, "devices.addRoot", { root, name: "Root" });
      alliance.refused("kernel.forbidden", other, "devices.defineModel", model);
    }
    alliance.defineModel();
    alliance.refused("devices.root-exists", maker, "devices.addRoot", { root, name: "Again" });
    alliance.refused("devices.bad-key", maker, "devices.addRoot", { root: `z${"1".repeat(45)}`, name: "Bad" });
    alliance.refused("devices.model-exists", maker, "devices.defineModel", model);
    alliance.refused("devices.firmware-exists", maker, "devices.addFirmware", { model: MODEL, ...FIRMWARE });
    alliance.refused("devices.unknown-model", maker, "devices.addFirmware", { model: "acme/other", ...FIRMWARE });
    alliance.refused("kernel.forbidden", north, "devices.addFirmware", { model: MODEL, ...FIRMWARE, version: "2" });
    alliance.refused("kernel.forbidden", north, "devices.removeRoot", { root });
    alliance.refused("devices.unknown-root", maker, "devices.removeRoot", { root: stranger.multikey });
    alliance.ok(maker, "devices.removeRoot", { root });
    alliance.refused("devices.unknown-root", maker, "devices.removeRoot", { root });
    alliance.refused("devices.root-exists", maker, "devices.addRoot", { root, name: "Back again" });
  });

  it("keeps a maker from another maker's model and root", () => {
    const alliance = new Alliance();
    alliance.defineModel();
    const change = { kind: "roles" as const, member: south.did, roles: ["maker" as const, "platform" as const] };
    alliance.ok(north, "members.propose", { change });
    for (const voter of [south, maker]) alliance.ok(voter, "members.approve", { proposal: 1 });
    alliance.refused("kernel.forbidden", south, "devices.addFirmware", { model: MODEL, ...FIRMWARE, version: "2" });
    alliance.refused("kernel.forbidden", south, "devices.removeRoot", { root: actor("root").multikey });
    alliance.refused("kernel.forbidden", south, "devices.recall", { model: MODEL, reason: "rival" });
  });

  it("bounds the versions of a model", () => {
    const alliance = new Alliance();
    alliance.defineModel();
    const add = (i: number) => ({
      op: "devices.addFirmware",
      args: { model: MODEL, version: `2.${i}`, digest: digestOfText(`${i}`) },
    });
    for (let from = 0; from < 255; from += 85) {
      const ops = Array.from({ length: 85 }, (_, i) => add(from + i));
      expect(alliance.block(alliance.sign([maker], ops))[0]?.code).toBe(0);
    }
    const more = { model: MODEL, version: "3", digest: digestOfText("3") };
    alliance.refused("devices.too-many", maker, "devices.addFirmware", more);
  });

  it("certify only as a lab, only firmware that is there, only into the future", () => {
    const alliance = new Alliance();
    alliance.defineModel();
    const verdict: OperationArgs<"devices.certify"> = {
      model: MODEL,
      firmware: "1.0.0",
      status: "certified",
      evidence: digestOfText("report"),
      until: alliance.seconds + 1000,
    };
    alliance.refused("kernel.forbidden", maker, "devices.certify", verdict);
    alliance.refused("devices.unknown-model", lab, "devices.certify", { ...verdict, model: "acme/other" });
    alliance.refused("devices.unknown-firmware", lab, "devices.certify", { ...verdict, firmware: "2.0.0" });
    alliance.refused("devices.until", lab, "devices.certify", { ...verdict, until: alliance.seconds });
    alliance.ok(lab, "devices.certify", { ...verdict, status: "revoked", until: 0 });
    const model = alliance.ledger.query("devices.model", { model: MODEL }) as { certifications: object[] };
    expect(model.certifications).toHaveLength(1);
  });
});

describe("enrolment", () => {
  it("takes a device in whose certificate leads to the maker's root", () => {
    const alliance = ready();
    alliance.enrol(lamp, owner);
    expect(view(alliance)).toMatchObject({
      device: lamp.did,
      model: MODEL,
      maker: maker.did,
      operator: north.did,
      owner: owner.did,
      status: "enrolled",
      effective: "enrolled",
      ownership: 1,
    });
    expect(isAdmitted(alliance.ledger.state, lamp.did, alliance.time)).toBe(false);
  });

  it("is refused, each for its reason", () => {
    const alliance = ready();
    const { seconds } = alliance;
    const good = { device: lamp.did, owner: owner.did };
    const refused = (code: ReceiptErrorCode, certificate: string, changes: object = {}, by = north) =>
      alliance.refused(code, by, "devices.enrol", { ...good, certificate, ...changes });
    const certificate = alliance.certificate(lamp);
    refused("kernel.forbidden", certificate, {}, maker);
    refused("devices.unknown-identity", certificate, { owner: stranger.did });
    refused("devices.unknown-identity", alliance.certificate(stranger), { device: stranger.did });
    refused("devices.bad-certificate", "AAAA.AAAA.AAAA");
    refused("devices.bad-certificate", alliance.attestation(lamp, alliance.nonce()));
    refused("devices.bad-certificate", alliance.certificate(plug));
    refused("devices.bad-certificate", alliance.certificate(lamp, { key: plug.multikey }));
    refused("devices.bad-certificate", alliance.certificate(lamp, { iat: seconds + 100 }));
    refused("devices.bad-certificate", alliance.certificate(lamp, { exp: seconds }));
    refused("devices.bad-certificate", `${certificate.slice(0, -8)}AAAAAAAA`);
    refused("devices.unknown-root", alliance.certificate(lamp, {}, stranger));
    refused("devices.unknown-root", alliance.certificate(lamp, { iss: south.did }));
    refused("devices.unknown-model", alliance.certificate(lamp, { model: "acme/other" }));
    alliance.ok(maker, "devices.removeRoot", { root: actor("root").multikey });
    refused("devices.unknown-root", certificate);
  });

  it("is refused for a device that is in, and for a maker that was suspended", () => {
    const alliance = ready();
    alliance.enrol(lamp, owner);
    const again = { device: lamp.did, owner: owner.did, certificate: alliance.certificate(lamp) };
    alliance.refused("devices.exists", south, "devices.enrol", again);
    alliance.ok(north, "members.propose", { change: { kind: "suspend", member: maker.did } });
    for (const voter of [south, lab]) alliance.ok(voter, "members.approve", { proposal: 1 });
    const other = { device: plug.did, owner: owner.did, certificate: alliance.certificate(plug) };
    alliance.refused("devices.bad-certificate", north, "devices.enrol", other);
  });
});

describe("admission", () => {
  it("admits a device that answers a fresh nonce, until the time that it was given", () => {
    const alliance = ready();
    alliance.enrol(lamp, owner);
    alliance.admit(lamp, north, alliance.seconds + 500);
    expect(effective(alliance)).toBe("admitted");
    expect(isAdmitted(alliance.ledger.state, lamp.did, alliance.time)).toBe(true);
    expect(isAdmitted(alliance.ledger.state, lamp.did, alliance.time + 500_000)).toBe(false);
    alliance.pass(500);
    alliance.introduce(actor("somebody else"));
    expect(effective(alliance)).toBe("expired");
    alliance.admit(lamp);
    expect(effective(alliance)).toBe("admitted");
  });

  function challenged(): { alliance: Alliance; nonce: string } {
    const alliance = ready();
    alliance.enrol(lamp, owner);
    const nonce = alliance.nonce();
    alliance.ok(north, "devices.challenge", { device: lamp.did, nonce });
    return { alliance, nonce };
  }

  const refuse = (
    alliance: Alliance,
    code: ReceiptErrorCode,
    attestation: string,
    by: Actor = north,
    until = alliance.seconds + 1000,
  ) => alliance.refused(code, by, "devices.admit", { device: lamp.did, attestation, until });

  it("is refused for what is foreign: another device, platform, key, nonce or model", () => {
    const { alliance, nonce } = challenged();
    const attest = (changes: Partial<Attestation>, key?: Actor) => alliance.attestation(lamp, nonce, changes, key);
    refuse(alliance, "devices.bad-attestation", "AAAA.AAAA.AAAA");
    refuse(alliance, "devices.bad-attestation", attest({ iss: plug.did }));
    refuse(alliance, "devices.bad-attestation", attest({}, plug));
    refuse(alliance, "devices.bad-attestation", attest({}, withKeyOf(lamp, plug)));
    refuse(alliance, "devices.bad-attestation", attest({ aud: south.did }));
    refuse(alliance, "devices.bad-attestation", attest({ model: "acme/other" }));
    refuse(alliance, "devices.bad-attestation", attest({ lifecycle: "debug" }));
    refuse(alliance, "devices.no-challenge", attest({ nonce: alliance.nonce() }));
    refuse(alliance, "kernel.forbidden", attest({}), south);
    refuse(alliance, "kernel.forbidden", attest({}), maker);
    alliance.ok(north, "devices.admit", {
      device: lamp.did,
      attestation: attest({}),
      until: alliance.seconds + 1000,
    });
  });

  it("is refused for what is replayed: an answer counts once, an old nonce never again", () => {
    const { alliance, nonce } = challenged();
    const attestation = alliance.attestation(lamp, nonce);
    alliance.ok(north, "devices.admit", { device: lamp.did, attestation, until: alliance.seconds + 1000 });
    refuse(alliance, "devices.no-challenge", attestation);
    const later = alliance.nonce();
    alliance.refused("devices.nonce-reused", north, "devices.challenge", { device: lamp.did, nonce });
    alliance.ok(north, "devices.challenge", { device: lamp.did, nonce: later });
    refuse(alliance, "devices.no-challenge", attestation);
    alliance.refused("devices.nonce-reused", north, "devices.challenge", { device: lamp.did, nonce });
  });

  it("is refused for what is stale", () => {
    const { alliance, nonce } = challenged();
    alliance.pass(30);
    refuse(alliance, "devices.challenge-expired", alliance.attestation(lamp, nonce));
  });

  it("is refused where firmware is unknown, altered, uncertified, provisional or revoked", () => {
    const { alliance, nonce } = challenged();
    const firmware = (version: string, text: string) =>
      alliance.attestation(lamp, nonce, { firmware: { version, digest: digestOfText(text) } });
    refuse(alliance, "devices.unknown-firmware", firmware("9.9.9", "x"));
    refuse(alliance, "devices.firmware-mismatch", firmware("1.0.0", "altered"));
    const digest = digestOfText("firmware 2");
    alliance.ok(maker, "devices.addFirmware", { model: MODEL, version: "2.0.0", digest });
    refuse(alliance, "devices.uncertified", firmware("2.0.0", "firmware 2"));
    for (const status of ["provisional", "revoked"] as const) {
      alliance.certify(MODEL, status);
      refuse(alliance, "devices.uncertified", alliance.attestation(lamp, nonce));
    }
  });

  it("is refused where root or model were taken back", () => {
    const { alliance, nonce } = challenged();
    alliance.ok(lab, "devices.recall", { model: MODEL, reason: "fire" });
    refuse(alliance, "devices.recalled", alliance.attestation(lamp, nonce));
    alliance.ok(lab, "devices.liftRecall", { model: MODEL });
    alliance.ok(maker, "devices.removeRoot", { root: actor("root").multikey });
    refuse(alliance, "devices.unknown-root", alliance.attestation(lamp, nonce));
  });

  it("is refused for an end in the past, beyond the certification, or beyond the certificate", () => {
    const alliance = ready();
    const { seconds } = alliance;
    const certificate = alliance.certificate(lamp, { exp: seconds + 5000 });
    alliance.ok(north, "devices.enrol", { device: lamp.did, certificate, owner: owner.did });
    const nonce = alliance.nonce();
    alliance.ok(north, "devices.challenge", { device: lamp.did, nonce });
    const attestation = alliance.attestation(lamp, nonce);
    refuse(alliance, "devices.until", attestation, north, seconds);
    refuse(alliance, "devices.until", attestation, north, seconds + 20_000_000);
    refuse(alliance, "devices.until", attestation, north, seconds + 5001);
    alliance.ok(north, "devices.admit", { device: lamp.did, attestation, until: seconds + 5000 });
  });

  it("is refused before enrolment, and challenges are the operator's alone", () => {
    const alliance = ready();
    const nonce = alliance.nonce();
    alliance.refused("devices.unknown", north, "devices.challenge", { device: lamp.did, nonce });
    refuse(alliance, "devices.unknown", alliance.attestation(lamp, nonce));
    alliance.enrol(lamp, owner);
    alliance.refused("kernel.forbidden", south, "devices.challenge", { device: lamp.did, nonce });
    refuse(alliance, "devices.no-challenge", alliance.attestation(lamp, nonce));
  });
});

describe("cutting off", () => {
  it("quarantines until released; then the device must attest anew", () => {
    const alliance = admitted();
    for (const other of [south, owner])
      alliance.refused("kernel.forbidden", other, "devices.quarantine", { device: lamp.did, reason: "x" });
    alliance.ok(lab, "devices.quarantine", { device: lamp.did, reason: "odd traffic" });
    expect(effective(alliance)).toBe("quarantined");
    expect(isAdmitted(alliance.ledger.state, lamp.did, alliance.time)).toBe(false);
    const twice = { device: lamp.did, reason: "again" };
    alliance.refused("devices.state", maker, "devices.quarantine", twice);
    alliance.refused("kernel.forbidden", owner, "devices.release", { device: lamp.did });
    alliance.ok(north, "devices.release", { device: lamp.did });
    alliance.refused("devices.state", north, "devices.release", { device: lamp.did });
    expect(effective(alliance)).toBe("enrolled");
    alliance.admit(lamp);
    expect(effective(alliance)).toBe("admitted");
  });

  it("revokes for good", () => {
    const alliance = admitted();
    const device = lamp.did;
    alliance.ok(maker, "devices.revoke", { device, reason: "stolen" });
    expect(effective(alliance)).toBe("revoked");
    alliance.refused("devices.state", maker, "devices.revoke", { device, reason: "again" });
    alliance.refused("devices.state", north, "devices.quarantine", { device, reason: "x" });
    alliance.refused("devices.state", north, "devices.release", { device });
    alliance.refused("devices.state", north, "devices.challenge", { device, nonce: alliance.nonce() });
    alliance.refused("devices.state", [owner, buyer], "devices.transfer", { device, to: buyer.did });
    const attestation = alliance.attestation(lamp, alliance.nonce());
    alliance.refused("devices.state", north, "devices.admit", { device, attestation, until: alliance.seconds + 10 });
    const again = { device, owner: owner.did, certificate: alliance.certificate(lamp) };
    alliance.refused("devices.exists", north, "devices.enrol", again);
    alliance.refused("devices.unknown", maker, "devices.revoke", { device: plug.did, reason: "x" });
  });

  it("recalls a whole model in one operation, and only who ordered it or a regulator lifts it", () => {
    const alliance = admitted();
    const certificate = alliance.certificate(plug);
    alliance.ok(south, "devices.enrol", { device: plug.did, certificate, owner: owner.did });
    alliance.admit(plug, south);
    alliance.refused("kernel.forbidden", north, "devices.recall", { model: MODEL, reason: "x" });
    alliance.refused("devices.unknown-model", lab, "devices.recall", { model: "acme/other", reason: "x" });
    alliance.refused("devices.state", lab, "devices.liftRecall", { model: MODEL });
    const before = alliance.dump();
    alliance.ok(lab, "devices.recall", { model: MODEL, reason: "battery fire" });
    const changed = [...alliance.dump()].filter(([key, value]) => before.get(key) !== value).map(([key]) => key);
    expect(changed).toEqual([`model/${MODEL}`]);
    expect([effective(alliance, lamp), effective(alliance, plug)]).toEqual(["recalled", "recalled"]);
    alliance.refused("devices.recalled", maker, "devices.recall", { model: MODEL, reason: "y" });
    alliance.refused("kernel.forbidden", maker, "devices.liftRecall", { model: MODEL });
    alliance.ok(lab, "devices.liftRecall", { model: MODEL });
    expect([effective(alliance, lamp), effective(alliance, plug)]).toEqual(["admitted", "admitted"]);
    alliance.ok(maker, "devices.recall", { model: MODEL, reason: "own" });
    alliance.ok(maker, "devices.liftRecall", { model: MODEL });
  });

  it("follows certification, root and lab from the next block on", () => {
    const alliance = admitted();
    alliance.certify(MODEL, "revoked");
    expect(effective(alliance)).toBe("uncertified");
    alliance.certify();
    expect(effective(alliance)).toBe("admitted");
    alliance.ok(north, "members.propose", { change: { kind: "suspend", member: lab.did } });
    for (const voter of [south, maker]) alliance.ok(voter, "members.approve", { proposal: 1 });
    expect(effective(alliance)).toBe("uncertified");
    alliance.ok(maker, "devices.removeRoot", { root: actor("root").multikey });
    expect(effective(alliance)).toBe("revoked");
  });
});

describe("transfer", () => {
  it("takes the signatures of both owners", () => {
    const alliance = admitted();
    const transfer = { device: lamp.did, to: buyer.did };
    for (const signers of [[owner], [buyer], [north], [buyer, north]])
      alliance.refused("kernel.forbidden", signers, "devices.transfer", transfer);
    alliance.refused("devices.unknown-identity", owner, "devices.transfer", { device: lamp.did, to: stranger.did });
    alliance.refused("devices.unknown", owner, "devices.transfer", { device: plug.did, to: buyer.did });
    alliance.ok([owner, buyer], "devices.transfer", transfer);
    expect(view(alliance)).toMatchObject({ owner: buyer.did, ownership: 2, effective: "admitted" });
    alliance.refused("kernel.forbidden", [owner, buyer].reverse(), "devices.transfer", {
      device: lamp.did,
      to: north.did,
    });
  });
});
