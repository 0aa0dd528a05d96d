import { type Static, Type } from "@sinclair/typebox";
import { Closed, Did, Digest, Jwt, Label, ModelId, Multikey, Reason, Seconds, Version } from "./fields.ts";

export const CertificationStatus = Type.Union([
  Type.Literal("provisional"),
  Type.Literal("certified"),
  Type.Literal("revoked"),
]);
const Nonce = Type.String({ pattern: "^[A-Za-z0-9_-]{22,64}$", description: "at least 128 random bits, base64url" });

export const DEVICE_OPERATIONS = {
  "devices.addRoot": Closed({ root: Multikey, name: Label }, "A maker's root key: what signs device certificates."),
  "devices.removeRoot": Closed({ root: Multikey }, "No certificate of this root counts from now on."),
  "devices.defineModel": Closed(
    { model: ModelId, name: Label, description: Digest },
    "A maker's model; `description` is the digest of its Thing Description.",
  ),
  "devices.addFirmware": Closed({ model: ModelId, version: Version, digest: Digest }),
  "devices.certify": Closed(
    { model: ModelId, firmware: Version, status: CertificationStatus, evidence: Digest, until: Seconds },
    "A lab's verdict on one model with one firmware.",
  ),
  "devices.enrol": Closed(
    { device: Did, certificate: Jwt, owner: Did },
    "A platform takes a device in: its maker's certificate is checked.",
  ),
  "devices.challenge": Closed(
    { device: Did, nonce: Nonce },
    "The platform's fresh nonce, to be answered once and soon.",
  ),
  "devices.admit": Closed(
    { device: Did, attestation: Jwt, until: Seconds },
    "The device's signed answer: chain, certification, firmware and freshness are checked.",
  ),
  "devices.quarantine": Closed({ device: Did, reason: Reason }, "Cuts the device off until it is released."),
  "devices.release": Closed({ device: Did }),
  "devices.revoke": Closed({ device: Did, reason: Reason }, "For good."),
  "devices.transfer": Closed({ device: Did, to: Did }, "A new owner; both owners sign."),
  "devices.recall": Closed({ model: ModelId, reason: Reason }, "Every device of the model is cut off at once."),
  "devices.liftRecall": Closed({ model: ModelId }),
} as const;

export type CertificationStatus = Static<typeof CertificationStatus>;
