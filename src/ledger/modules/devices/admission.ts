/** The checks behind enrolment and admission. Anything missing fails closed. */
import { HansaError } from "#base";
import { decodeMultikey } from "#crypto";
import { type DeviceRecord, decodeAttestation, decodeCertificate, didOf, isSignedBy } from "#protocol";
import type { Context } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { DevicesNeeds } from "./needs.ts";
import { certificationOf, readChallenge, readModel, readRoot } from "./records.ts";

function asRefusal<Result>(code: "devices.bad-certificate" | "devices.bad-attestation", decode: () => Result): Result {
  try {
    return decode();
  } catch (error) {
    if (error instanceof HansaError) throw refuse(code, error.message, { problem: error.code });
    throw error;
  }
}

/** Maker root → device certificate: who made it, what it is, and that this DID's first key is in it. */
export function checkCertificate(context: Context, needs: DevicesNeeds, device: string, text: string) {
  const { token, claims } = asRefusal("devices.bad-certificate", () => decodeCertificate(text));
  const bad = (problem: string) => refuse("devices.bad-certificate", `certificate: ${problem}`, { problem });
  const fingerprint = token.header.kid.slice(token.header.kid.indexOf("#") + 1);
  if (token.header.kid !== `${claims.iss}#${fingerprint}`) throw bad("`kid` is not a key of `iss`");
  const root = readRoot(context.state, fingerprint);
  if (root === undefined || root.removed || root.maker !== claims.iss)
    throw refuse("devices.unknown-root", "no registered root signed the certificate", { root: fingerprint });
  const key = decodeMultikey(root.root);
  if (key === undefined || !isSignedBy(token, key)) throw bad("the signature is not the root's");
  if (!needs.isActiveMember(context.state, claims.iss, "maker")) throw bad("its issuer is not an active maker");
  if (claims.sub !== device) throw bad("it is of another device");
  const deviceKey = decodeMultikey(claims.key);
  if (deviceKey === undefined || didOf(context.alliance, deviceKey) !== device)
    throw bad("the key in it is not the device's first key");
  if (claims.iat * 1000 > context.time || claims.exp * 1000 <= context.time)
    throw bad("it has expired or is not yet valid");
  const model = readModel(context.state, claims.model);
  if (model === undefined || model.maker !== claims.iss)
    throw refuse("devices.unknown-model", `${claims.model} is not a model of this maker`, { model: claims.model });
  return { claims, root, model };
}

/** The device's answer: fresh, its own, for this platform, with certified and genuine firmware. */
export function checkAttestation(
  context: Context,
  needs: DevicesNeeds,
  device: DeviceRecord,
  text: string,
  until: number,
) {
  const { token, claims } = asRefusal("devices.bad-attestation", () => decodeAttestation(text));
  const bad = (problem: string) => refuse("devices.bad-attestation", `attestation: ${problem}`, { problem });
  if (claims.iss !== device.device) throw bad("it is of another device");
  if (claims.aud !== device.operator) throw bad("it is for another platform");
  if (!token.header.kid.startsWith(`${device.device}#`)) throw bad("`kid` is not a key of the device");
  const key = needs.authenticationKey(context.state, token.header.kid);
  if (key === undefined || !isSignedBy(token, key)) throw bad("the signature is not the device's");
  const challenge = readChallenge(context.state, device.device);
  if (
    challenge === undefined ||
    challenge.answered ||
    challenge.nonce !== claims.nonce ||
    challenge.platform !== device.operator
  )
    throw refuse("devices.no-challenge", "the nonce is not that of an open challenge", { device: device.device });
  if (context.time >= challenge.expires)
    throw refuse("devices.challenge-expired", "the challenge has expired", { expires: challenge.expires });
  if (claims.model !== device.model) throw bad("it names another model");
  if (claims.lifecycle !== "production") throw bad(`the device is in ${claims.lifecycle} state`);
  const root = readRoot(context.state, device.root);
  if (root === undefined || root.removed)
    throw refuse("devices.unknown-root", "the root of the device's certificate was removed", { root: device.root });
  const model = readModel(context.state, device.model);
  if (model === undefined)
    throw refuse("devices.unknown-model", `${device.model} is not defined`, { model: device.model });
  if (model.recall !== null)
    throw refuse("devices.recalled", `${device.model} was recalled: ${model.recall.reason}`, { model: device.model });
  const firmware = model.firmware.find((entry) => entry.version === claims.firmware.version);
  if (firmware === undefined)
    throw refuse("devices.unknown-firmware", `${device.model} has no firmware ${claims.firmware.version}`, {
      firmware: claims.firmware.version,
    });
  if (firmware.digest !== claims.firmware.digest)
    throw refuse("devices.firmware-mismatch", "the firmware's digest is not the registered one", {
      firmware: firmware.version,
    });
  const certification = certificationOf(context.state, model, firmware.version, context.time, needs.isActiveMember);
  if (certification === undefined)
    throw refuse("devices.uncertified", `${device.model} with firmware ${firmware.version} is not certified`, {
      model: device.model,
      firmware: firmware.version,
    });
  if (until * 1000 <= context.time || until > certification.until || until > device.certificateUntil)
    throw refuse(
      "devices.until",
      "the admission must end later than now, and neither certification nor certificate before",
      {
        until,
        certifiedUntil: certification.until,
        certificateUntil: device.certificateUntil,
      },
    );
  return { challenge, firmware: firmware.version, lab: certification.lab };
}
