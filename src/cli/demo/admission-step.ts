import { encodeBase64Url } from "#base";
import { encodeMultikey, randomBytes } from "#crypto";
import { digestOf, fingerprintOf, operation, signAttestation, signCertificate } from "#protocol";
import { query } from "#sdk";
import { type CastDevice, DEVICES, FIRMWARE, REVOKED, UNCERTIFIED } from "./cast.ts";
import { ensureIdentity } from "./members-step.ts";
import { firmwareDigest, found, type Report, refusalOf, type Stage } from "./stage.ts";

const now = () => Math.floor(Date.now() / 1000);

/** Step 2: enrolment and admission by nonce attestation; three refusals, each with its reason. */
export async function admitDevices(stage: Stage, report: Report): Promise<void> {
  await ensureIdentity(stage, "owner", "acme");
  for (const device of [...DEVICES, REVOKED, UNCERTIFIED]) await enrol(stage, device);
  report.say(`${DEVICES.length + 2} devices enrolled: maker's root → device certificate → device key`);

  let admitted = 0;
  for (const device of DEVICES) {
    if ((await view(stage, device))?.effective !== "admitted") await attest(stage, device);
    if ((await view(stage, device))?.effective === "admitted") admitted++;
  }
  report.check(
    `${admitted} devices admitted: fresh nonce, firmware digest, certified model`,
    admitted === DEVICES.length,
  );
  report.byHand("hansa device list");

  const uncertified = await refusalOf(attest(stage, UNCERTIFIED));
  report.check(
    `uncertified model refused: ${uncertified.code} — ${uncertified.message}`,
    uncertified.code === "devices.uncertified",
  );

  const first = DEVICES[0] as CastDevice;
  const used = await attest(stage, first);
  const replayed = await refusalOf(admit(stage, first, used));
  report.check(
    `replayed attestation refused: ${replayed.code} — ${replayed.message}`,
    replayed.code === "devices.no-challenge",
  );

  if ((await view(stage, REVOKED))?.status !== "revoked") {
    await attest(stage, REVOKED);
    await stage.send("delphi", [
      operation("devices.revoke", { device: stage.did(REVOKED), reason: "failed a safety check in the field" }),
    ]);
  }
  const revoked = await refusalOf(attest(stage, REVOKED));
  report.check(`revoked device refused: ${revoked.code} — ${revoked.message}`, revoked.code === "devices.state");
  report.byHand(`hansa device show ${stage.did(REVOKED)}`);
}

export function view(stage: Stage, device: CastDevice) {
  return found(query(stage.as(device.platform), "devices.get", { device: stage.did(device) }));
}

/** Admissions hold for a month. */
const until = () => now() + 30 * 86_400;

/** From its maker's certificate to its place under its platform and owner. */
export async function enrol(stage: Stage, device: CastDevice): Promise<void> {
  if ((await view(stage, device)) !== undefined) return;
  const { did, signer } = stage.party(`device/${device.name}`);
  const root = stage.party("root/castor").signer;
  const maker = stage.party("castor").did;
  const { modelId } = await stage.product(device);
  const publicKey = encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey });
  const certificate = signCertificate(
    {
      iss: maker,
      sub: did,
      key: publicKey,
      model: modelId,
      serial: digestOf({ serial: device.name, salt: encodeBase64Url(randomBytes(16)) }),
      iat: now() - 60,
      exp: now() + 10 * 365 * 86_400,
    },
    `${maker}#${fingerprintOf({ algorithm: root.algorithm, bytes: root.publicKey })}`,
    root,
  );
  await stage.send(device.platform, [
    operation("identity.create", { publicKey }),
    operation("devices.enrol", { device: did, certificate, owner: stage.party("owner").did }),
  ]);
}

/** Challenge, answer, admission. Answers the attestation that was used. */
export async function attest(stage: Stage, device: CastDevice): Promise<string> {
  const { did, kid, signer } = stage.party(`device/${device.name}`);
  const { modelId } = await stage.product(device);
  const nonce = encodeBase64Url(randomBytes(16));
  await stage.send(device.platform, [operation("devices.challenge", { device: did, nonce })]);
  const attestation = signAttestation(
    {
      iss: did,
      aud: stage.party(device.platform).did,
      nonce,
      model: modelId,
      firmware: { version: FIRMWARE, digest: firmwareDigest(modelId) },
      lifecycle: "production",
      iat: now(),
    },
    kid,
    signer,
  );
  await admit(stage, device, attestation);
  return attestation;
}

export async function admit(stage: Stage, device: CastDevice, attestation: string): Promise<void> {
  const args = { device: stage.did(device), attestation, until: until() };
  await stage.send(device.platform, [operation("devices.admit", args)]);
}
