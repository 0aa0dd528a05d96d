import { type DeviceRecord, type DeviceView, fingerprintOfDid, type ModelRecord } from "#protocol";
import type { Reader } from "../../state/state.ts";

export const ROOT_PREFIX = "root/";
export const MODEL_PREFIX = "model/";
export const DEVICE_PREFIX = "device/";
export const CHALLENGE_PREFIX = "challenge/";
export const NONCE_PREFIX = "nonce/";

/** A maker's root key. */
export interface RootRecord {
  readonly root: string;
  /** Fingerprint: the fragment of `kid` in certificates. */
  readonly id: string;
  readonly maker: string;
  readonly name: string;
  readonly removed: boolean;
}

/** The last challenge to a device. */
export interface ChallengeRecord {
  readonly device: string;
  readonly platform: string;
  readonly nonce: string;
  /** Milliseconds. */
  readonly expires: number;
  readonly answered: boolean;
}

export const rootKey = (id: string) => ROOT_PREFIX + id;
export const modelKey = (model: string) => MODEL_PREFIX + model;
export const deviceKey = (did: string) => DEVICE_PREFIX + did;
export const challengeKey = (did: string) => CHALLENGE_PREFIX + did;
/** Stands for ever, so that no nonce is taken for fresh again: an old answer to it could be sent once more. */
export const nonceKey = (did: string, nonce: string) => `${NONCE_PREFIX}${fingerprintOfDid(did)}/${nonce}`;

export const readRoot = (state: Reader, id: string) => state.get<RootRecord>(rootKey(id));
export const readModel = (state: Reader, model: string) => state.get<ModelRecord>(modelKey(model));
export const readDevice = (state: Reader, did: string) => state.get<DeviceRecord>(deviceKey(did));
export const readChallenge = (state: Reader, did: string) => state.get<ChallengeRecord>(challengeKey(did));

/** What membership says of a lab or a platform; handed in, since devices know nothing of members. */
export type IsActiveMember = (state: Reader, did: string, role: "lab" | "platform") => boolean;

/** Whether a certification of this firmware holds at `time` (ms), given by a lab in good standing. */
export function certificationOf(
  state: Reader,
  model: ModelRecord,
  firmware: string,
  time: number,
  isActive: IsActiveMember,
) {
  // A revocation by any lab in good standing outweighs certifications: fail closed.
  const standing = model.certifications.filter(
    (entry) => entry.firmware === firmware && isActive(state, entry.lab, "lab"),
  );
  if (standing.some((entry) => entry.status === "revoked")) return undefined;
  return standing.find((entry) => entry.status === "certified" && entry.until * 1000 > time);
}

/**
 * What a device's record comes to: its own status, its model's recall and its firmware's certification. Computed, never stored, so
 * that a recall or revocation is one write however many devices there are.
 */
export function effectiveStatus(
  state: Reader,
  device: DeviceRecord,
  time: number,
  isActive: IsActiveMember,
): DeviceView["effective"] {
  if (device.status !== "admitted" || device.admission === null)
    return device.status === "admitted" ? "enrolled" : device.status;
  if (device.admission.until * 1000 <= time) return "expired";
  // A platform that may not act does not act through its devices either.
  if (!isActive(state, device.operator, "platform")) return "suspended";
  const model = readModel(state, device.model);
  const root = readRoot(state, device.root);
  if (model === undefined || root === undefined || root.removed) return "revoked";
  if (model.recall !== null) return "recalled";
  if (certificationOf(state, model, device.admission.firmware, time, isActive) === undefined) return "uncertified";
  return "admitted";
}
