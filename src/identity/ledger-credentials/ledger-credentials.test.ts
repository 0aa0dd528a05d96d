import { describe, expect, it } from "vitest";
import type { DeviceView, ModelRecord } from "#protocol";
import {
  admissionCredential,
  certificationCredential,
  evidenceKey,
  MAX_RECORD_PROOF,
  ownershipCredential,
} from "./ledger-credentials.ts";

const NOW = 1_767_225_600_000;
const seconds = NOW / 1000;
const did = (name: string) => `did:hansa:hanse:${name.padEnd(27, "x")}`;
const [lamp, lab, otherLab, acme, castor, alice] = ["lamp", "Lab", "2ndLab", "acme", "castr", "abce"].map(did) as [
  string,
  string,
  string,
  string,
  string,
  string,
];

const device: DeviceView = {
  device: lamp,
  model: "castor/T1",
  maker: castor,
  root: "root",
  operator: acme,
  owner: alice,
  status: "admitted",
  effective: "admitted",
  certificateUntil: seconds + 1e6,
  admission: { firmware: "1.0.0", until: seconds + 5000, at: NOW - 1000 },
  reason: null,
  ownership: 2,
};
const certification = {
  firmware: "1.0.0",
  lab,
  status: "certified" as const,
  evidence: "report-digest",
  until: seconds + 9000,
  at: NOW - 5000,
};
const model: ModelRecord = {
  model: "castor/T1",
  maker: castor,
  name: "T1",
  description: "digest",
  firmware: [{ version: "1.0.0", digest: "firmware-digest" }],
  certifications: [certification],
  recall: null,
};
const reading = { group: "hanse:main:2xG", height: 41, now: NOW, until: seconds + 7000 };
const refusal = expect.objectContaining({ code: "credentials.not-vouched" });

describe("certification", () => {
  it("is the lab's word about the device's firmware, until the certification or the credential ends", () => {
    const credential = certificationCredential(device, model, reading);
    expect(credential).toMatchObject({
      type: ["VerifiableCredential", "DeviceCertification"],
      issuer: lab,
      validFrom: "2026-01-01T00:00:00Z",
      validUntil: "2026-01-01T01:56:40Z",
      credentialSubject: {
        id: lamp,
        deviceModel: "castor/T1",
        firmware: "1.0.0",
        firmwareDigest: "firmware-digest",
        certificationReport: "report-digest",
      },
      evidence: [
        { type: "LedgerRecord", ledgerGroup: "hanse:main:2xG", ledgerHeight: 41, recordKey: "model/castor/T1" },
      ],
    });
    expect(certificationCredential(device, model, { ...reading, until: seconds + 1e9 })["validUntil"]).toBe(
      "2026-01-01T02:30:00Z",
    );
  });

  it("is that of the lab that is named, where several certified", () => {
    const both = { ...model, certifications: [certification, { ...certification, lab: otherLab }] };
    expect(certificationCredential(device, both, reading, otherLab)["issuer"]).toBe(otherLab);
    expect(() => certificationCredential(device, model, reading, otherLab)).toThrow(refusal);
  });

  it.each<[string, Partial<DeviceView>, Partial<ModelRecord>]>([
    [
      "revoked by any lab",
      {},
      { certifications: [certification, { ...certification, lab: otherLab, status: "revoked" }] },
    ],
    ["run out", {}, { certifications: [{ ...certification, until: seconds }] }],
    ["of another firmware", {}, { certifications: [{ ...certification, firmware: "0.9.0" }] }],
    ["of a recalled model", {}, { recall: { by: castor, reason: "fire", at: NOW } }],
    ["of another model", {}, { model: "castor/T2" }],
    ["of a device that was never admitted", { admission: null }, {}],
  ])("is refused where it is %s", (_, changedDevice, changedModel) => {
    expect(() =>
      certificationCredential({ ...device, ...changedDevice }, { ...model, ...changedModel }, reading),
    ).toThrow(refusal);
  });
});

describe("admission", () => {
  it("is the operator's word, no longer than the admission", () => {
    expect(admissionCredential(device, reading)).toMatchObject({
      type: ["VerifiableCredential", "DeviceAdmission"],
      issuer: acme,
      validUntil: "2026-01-01T01:23:20Z",
      credentialSubject: { id: lamp, operator: acme, firmware: "1.0.0" },
      evidence: [{ recordKey: `device/${lamp}` }],
    });
  });

  it.each(["enrolled", "expired", "suspended", "quarantined", "recalled", "uncertified", "revoked"] as const)(
    "is refused of a device that is %s",
    (effective) => {
      expect(() => admissionCredential({ ...device, effective }, reading)).toThrow(refusal);
    },
  );

  it("is refused where it ended since the node answered", () => {
    expect(() => admissionCredential(device, { ...reading, now: NOW + 5_000_000 })).toThrow(refusal);
  });
});

describe("ownership", () => {
  it("is held by the device, or by its owner", () => {
    expect(ownershipCredential(device, reading)).toMatchObject({
      issuer: acme,
      credentialSubject: { id: lamp, owner: alice, ownershipNumber: 2 },
    });
    expect(ownershipCredential(device, reading, "owner")).toMatchObject({
      credentialSubject: { id: alice, device: lamp, ownershipNumber: 2 },
    });
  });

  it("is refused of a revoked device, and where it would end before it begins", () => {
    expect(() => ownershipCredential({ ...device, status: "revoked" }, reading)).toThrow(refusal);
    expect(() => ownershipCredential(device, { ...reading, until: seconds })).toThrow(
      expect.objectContaining({ code: "credentials.document" }),
    );
  });
});

describe("evidence", () => {
  it("has the proof of the record that it names, and none that is too long", () => {
    expect(ownershipCredential(device, { ...reading, proof: "{}", id: "urn:uuid:1" })).toMatchObject({
      id: "urn:uuid:1",
      evidence: [{ recordProof: "{}", recordKey: evidenceKey("ownership", device) }],
    });
    expect(() => ownershipCredential(device, { ...reading, proof: " ".repeat(MAX_RECORD_PROOF + 1) })).toThrow(
      expect.objectContaining({ code: "credentials.document" }),
    );
  });
});
