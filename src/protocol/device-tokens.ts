/** What makers and devices sign: certificate, attestation, and the token with which a device or client opens a connection. */
import { type Static, Type } from "@sinclair/typebox";
import type { Signer } from "#crypto";
import { decodeClaims } from "./claims.ts";
import { signCompact } from "./jws.ts";
import { Closed, Did, Digest, ModelId, Multikey, Seconds, Version } from "./operations/fields.ts";

export const CERTIFICATE_TYPE = "hansa-device-certificate+jwt";
export const ATTESTATION_TYPE = "hansa-attestation+jwt";
export const CONNECTION_TYPE = "hansa-connect+jwt";

/** A maker's word for one device: this key is in a product of this model. `kid` is `<maker's DID>#<fingerprint of the root>`. */
export const DeviceCertificate = Closed({
  iss: Did,
  sub: Did,
  key: Multikey,
  model: ModelId,
  /** Salted digest of the serial number: the number itself may identify a person. */
  serial: Digest,
  iat: Seconds,
  exp: Seconds,
});
export type DeviceCertificate = Static<typeof DeviceCertificate>;

/** A device's answer to a challenge. */
export const Attestation = Closed({
  iss: Did,
  /** The platform that asked. */
  aud: Did,
  nonce: Type.String({ pattern: "^[A-Za-z0-9_-]{22,64}$" }),
  model: ModelId,
  firmware: Closed({ version: Version, digest: Digest }),
  lifecycle: Type.Union([Type.Literal("production"), Type.Literal("debug"), Type.Literal("decommissioned")]),
  iat: Seconds,
});
export type Attestation = Static<typeof Attestation>;

/** Opens a connection (MQTT password, HTTP bearer): `aud` is the group, `exp` at most an hour ahead. */
export const ConnectionToken = Closed({
  iss: Did,
  aud: Type.String({ minLength: 1, maxLength: 128 }),
  iat: Seconds,
  exp: Seconds,
  jti: Type.Optional(Type.String({ maxLength: 64 })),
});
export type ConnectionToken = Static<typeof ConnectionToken>;

/** Longest life of a connection token, seconds. */
export const CONNECTION_TOKEN_SECONDS = 3600;

/** Takes a certificate apart; the caller checks the signature against a root that the ledger knows. */
export const decodeCertificate = (token: string) => decodeClaims(token, CERTIFICATE_TYPE, DeviceCertificate);
/** Takes an attestation apart; the caller checks the signature against the device's key. */
export const decodeAttestation = (token: string) => decodeClaims(token, ATTESTATION_TYPE, Attestation);
/** Takes a connection token apart; the caller checks signature, audience and times. */
export const decodeConnectionToken = (token: string) => decodeClaims(token, CONNECTION_TYPE, ConnectionToken);

export function signCertificate(certificate: DeviceCertificate, kid: string, root: Signer): string {
  return signCompact(certificate, CERTIFICATE_TYPE, kid, root);
}

export function signAttestation(attestation: Attestation, kid: string, device: Signer): string {
  return signCompact(attestation, ATTESTATION_TYPE, kid, device);
}

/**
 * A token for one connection, valid for `seconds` from `now` (milliseconds).
 *
 * @example
 * ```ts
 * const password = signConnectionToken(did, group, kid, signer, Date.now(), 600);
 * mqtt.connect(url, { username: did, password });
 * ```
 */
export function signConnectionToken(
  did: string,
  group: string,
  kid: string,
  signer: Signer,
  now: number,
  seconds: number,
): string {
  const iat = Math.floor(now / 1000);
  return signCompact({ iss: did, aud: group, iat, exp: iat + seconds }, CONNECTION_TYPE, kid, signer);
}
