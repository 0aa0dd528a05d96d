/**
 * What a ledger keeps of a device, as credentials (VC Data Model 2.0): issued by whoever vouches for it there, and with the record that
 * it says so as `evidence`. Pure: records in, unsigned credentials out.
 */
import type { Json, JsonObject } from "#base";
import type { DeviceView, ModelRecord } from "#protocol";
import { credentialError } from "../credentials/errors.ts";
import { formatDateTime } from "../resolution/date-time.ts";
import { LEDGER_CONTEXTS } from "./vocabulary.ts";

/** What can be turned into a credential. */
export type LedgerFact = "certification" | "admission" | "ownership";

/** Where and when the records were read, and until when the credential is to hold. */
export interface LedgerReading {
  /** Id of the group. */
  readonly group: string;
  /** The records are those of the end of this block. */
  readonly height: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** End of the credential, seconds since 1970; the record's own end where that comes first. */
  readonly until: number;
  /** Text of the proof file of the record that is the evidence: whoever has it needs no node. */
  readonly proof?: string;
  /** `id` of the credential, a URL; none where left out. */
  readonly id?: string;
}

/** Largest proof file that is put into a credential, in characters. */
export const MAX_RECORD_PROOF = 64 * 1024;

/** Key of the ledger's record that a credential rests on: what `LedgerReading.proof` has to be the proof of. */
export function evidenceKey(fact: LedgerFact, device: DeviceView): string {
  return fact === "certification" ? `model/${device.model}` : `device/${device.device}`;
}

/**
 * That a lab certified the firmware which a device was admitted with. The issuer is the lab.
 *
 * @param lab - which one, where several did
 * @throws HansaError `credentials.not-vouched` where no certification holds: revoked, run out, recalled, or the device was never admitted
 * @example
 * ```ts
 * const credential = certificationCredential(device, model, { group, height, now, until });
 * const issued = await issueCredential(credential, labSigner, { suite: "eddsa-jcs-2022" });
 * ```
 */
export function certificationCredential(
  device: DeviceView,
  model: ModelRecord,
  reading: LedgerReading,
  lab?: string,
): JsonObject {
  const firmware = device.admission?.firmware;
  if (firmware === undefined) throw notVouched("the device was never admitted with any firmware", { device });
  if (model.model !== device.model) throw notVouched("the model is another one's", { device });
  if (model.recall !== null) throw notVouched("the model was recalled", { device });
  const given = model.certifications.filter((entry) => entry.firmware === firmware);
  // As the ledger has it: one lab's revocation outweighs what others say.
  if (given.some(({ status }) => status === "revoked")) throw notVouched("the certification was revoked", { device });
  const found = given.find(
    (entry) =>
      entry.status === "certified" && entry.until * 1000 > reading.now && (lab === undefined || entry.lab === lab),
  );
  if (found === undefined) throw notVouched("no certification of the device's firmware holds", { device });
  const digest = model.firmware.find(({ version }) => version === firmware)?.digest;
  return credentialOf("certification", device, reading, found.lab, found.until, {
    id: device.device,
    deviceModel: device.model,
    maker: device.maker,
    firmware,
    ...(digest === undefined ? {} : { firmwareDigest: digest }),
    lab: found.lab,
    certificationReport: found.evidence,
  });
}

/**
 * That a platform admitted a device and operates it. The issuer is the platform.
 *
 * @throws HansaError `credentials.not-vouched` where the device is not admitted now, its model and maker looked at
 */
export function admissionCredential(device: DeviceView, reading: LedgerReading): JsonObject {
  const { admission } = device;
  if (device.effective !== "admitted" || admission === null || admission.until * 1000 <= reading.now)
    throw notVouched(`the device is ${device.effective}, not admitted`, { device });
  return credentialOf("admission", device, reading, device.operator, admission.until, {
    id: device.device,
    deviceModel: device.model,
    maker: device.maker,
    operator: device.operator,
    firmware: admission.firmware,
  });
}

/**
 * Whose a device is. The issuer is the platform that operates it and records its transfers.
 *
 * @param holder - who is to present it: the device, or its owner. The ledger has no end of an ownership: keep `until` near.
 * @throws HansaError `credentials.not-vouched` where the device was revoked
 */
export function ownershipCredential(
  device: DeviceView,
  reading: LedgerReading,
  holder: "device" | "owner" = "device",
): JsonObject {
  if (device.status === "revoked") throw notVouched("the device was revoked", { device });
  const own: JsonObject =
    holder === "device" ? { id: device.device, owner: device.owner } : { id: device.owner, device: device.device };
  return credentialOf("ownership", device, reading, device.operator, Number.POSITIVE_INFINITY, {
    ...own,
    deviceModel: device.model,
    maker: device.maker,
    ownershipNumber: device.ownership,
  });
}

const TYPES: Readonly<Record<LedgerFact, string>> = {
  certification: "DeviceCertification",
  admission: "DeviceAdmission",
  ownership: "DeviceOwnership",
};

function credentialOf(
  fact: LedgerFact,
  device: DeviceView,
  { group, height, now, until, proof, id }: LedgerReading,
  issuer: string,
  end: number,
  subject: JsonObject,
): JsonObject {
  const last = Math.min(until, end);
  if (!Number.isSafeInteger(last) || last * 1000 <= now)
    throw credentialError("credentials.document", "the credential would end before it begins", {
      path: "/validUntil",
      problem: "the end lies in the past",
    });
  if (proof !== undefined && proof.length > MAX_RECORD_PROOF)
    throw credentialError("credentials.document", `a record's proof has at most ${MAX_RECORD_PROOF} characters`, {
      path: "/evidence",
      problem: "the proof is too long",
    });
  const evidence: Record<string, Json> = {
    type: "LedgerRecord",
    ledgerGroup: group,
    ledgerHeight: height,
    recordKey: evidenceKey(fact, device),
    ...(proof === undefined ? {} : { recordProof: proof }),
  };
  return {
    "@context": [...LEDGER_CONTEXTS],
    ...(id === undefined ? {} : { id }),
    type: ["VerifiableCredential", TYPES[fact]],
    issuer,
    validFrom: formatDateTime(now),
    validUntil: formatDateTime(last * 1000),
    credentialSubject: subject,
    evidence: [evidence],
  };
}

function notVouched(problem: string, { device }: { readonly device: DeviceView }) {
  return credentialError("credentials.not-vouched", problem, { device: device.device, problem });
}
