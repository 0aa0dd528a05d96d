/** X.509 (RFC 5280) as a member's authority issues it: P-256 throughout, DIDs as URI names. The authority's key signs where it is kept. */
import { createPublicKey, ECDH, generateKeyPairSync, webcrypto } from "node:crypto";
import { encodeHex } from "#base";
import { randomBytes, type Signer } from "#crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
  type X509Crl,
  X509CrlGenerator,
} from "./x509.ts";

/** URI name in certificates that may administer the node. */
export const ADMIN_NAME = "urn:hansa:admin";

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Validity, milliseconds since 1970. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

/** What signs certificates: a key that need not leave its store. */
export interface Issuer {
  readonly signer: Signer;
  /** Its certificate; the first one signs itself. */
  readonly certificate: X509Certificate;
}

/** SubjectPublicKeyInfo of a P-256 key, DER. */
export function spkiOf(compressed: Uint8Array): Uint8Array {
  const point = ECDH.convertKey(compressed, "prime256v1", undefined, undefined, "uncompressed") as Buffer;
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
  return createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "der" });
}

/** A fresh P-256 key: SubjectPublicKeyInfo and PKCS #8, DER. */
export function makeKeyPair(): { readonly spki: Uint8Array; readonly pkcs8: Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return {
    spki: publicKey.export({ type: "spki", format: "der" }),
    pkcs8: privateKey.export({ type: "pkcs8", format: "der" }),
  };
}

/** What the library takes for WebCrypto: it hands over what is to be signed, and gets r ‖ s. */
function cryptoOf(signer: Signer) {
  const { subtle } = webcrypto;
  const sign = async (_algorithm: unknown, _key: unknown, data: ArrayBuffer): Promise<ArrayBuffer> =>
    Uint8Array.from(signer.sign(new Uint8Array(data))).buffer;
  const digest = (algorithm: string, data: ArrayBuffer) => subtle.digest(algorithm, data);
  const getRandomValues = webcrypto.getRandomValues.bind(webcrypto);
  return { subtle: { sign, digest }, getRandomValues } as unknown as typeof webcrypto;
}

const SIGNING_KEY = { type: "private", algorithm: ECDSA } as unknown as webcrypto.CryptoKey;

/** 16 random bytes, positive and without leading zeros. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return encodeHex(bytes);
}

/** A serial number as it is compared: lower case, no leading zeros. */
export function plainSerial(text: string): string {
  return text.toLowerCase().replace(/^0+(?=.)/, "");
}

function common({ from, until }: Validity) {
  return {
    serialNumber: serialNumber(),
    notBefore: new Date(from),
    notAfter: new Date(until),
    signingAlgorithm: ECDSA,
    signingKey: SIGNING_KEY,
  };
}

function uriNames(...uris: string[]): SubjectAlternativeNameExtension {
  return new SubjectAlternativeNameExtension(uris.map((value) => ({ type: "url" as const, value })));
}

async function authorityExtensions(spki: Uint8Array, did: string, pathLength: number): Promise<Extension[]> {
  return [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(new PublicKey(spki)),
    uriNames(did),
  ];
}

/** The authority's own certificate, signed by itself. `name` tells it from its predecessors. */
export async function issueAuthority(
  signer: Signer,
  did: string,
  name: string,
  validity: Validity,
): Promise<X509Certificate> {
  const spki = spkiOf(signer.publicKey);
  const subject = [{ O: ["Hansa"] }, { CN: [name] }];
  return X509CertificateGenerator.create(
    {
      ...common(validity),
      subject,
      issuer: subject,
      publicKey: new PublicKey(spki),
      extensions: await authorityExtensions(spki, did, 1),
    },
    cryptoOf(signer),
  );
}

/** The next authority, signed by the one before: who trusts the old one alone then believes certificates of the new one, too. */
export async function crossSign(issuer: Issuer, next: X509Certificate, did: string): Promise<X509Certificate> {
  const spki = new Uint8Array(next.publicKey.rawData);
  const until = Math.min(next.notAfter.getTime(), issuer.certificate.notAfter.getTime());
  return X509CertificateGenerator.create(
    {
      ...common({ from: next.notBefore.getTime(), until }),
      subject: next.subjectName,
      issuer: issuer.certificate.subjectName,
      publicKey: next.publicKey,
      extensions: [
        ...(await authorityExtensions(spki, did, 0)),
        await AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
      ],
    },
    cryptoOf(issuer.signer),
  );
}

async function issueLeaf(
  issuer: Issuer,
  spki: Uint8Array,
  name: string,
  validity: Validity,
  usage: ExtendedKeyUsage,
  names: SubjectAlternativeNameExtension,
): Promise<X509Certificate> {
  return X509CertificateGenerator.create(
    {
      ...common({ from: validity.from, until: Math.min(validity.until, issuer.certificate.notAfter.getTime()) }),
      subject: [{ CN: [name] }],
      issuer: issuer.certificate.subjectName,
      publicKey: new PublicKey(spki),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([usage]),
        names,
        await SubjectKeyIdentifierExtension.create(new PublicKey(spki)),
        await AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
      ],
    },
    cryptoOf(issuer.signer),
  );
}

/** Certificate of a node: good for a server alone. `hosts` are names and addresses under which clients reach it. */
export function issueNode(
  issuer: Issuer,
  spki: Uint8Array,
  did: string,
  hosts: readonly string[],
  validity: Validity,
): Promise<X509Certificate> {
  const names = new SubjectAlternativeNameExtension([
    ...hosts.map((value) => ({ type: isAddress(value) ? ("ip" as const) : ("dns" as const), value })),
    { type: "url" as const, value: did },
  ]);
  return issueLeaf(issuer, spki, "node", validity, ExtendedKeyUsage.serverAuth, names);
}

/** Certificate of a client: good for a client alone. */
export function issueClient(
  issuer: Issuer,
  spki: Uint8Array,
  client: { readonly name: string; readonly did: string; readonly admin: boolean },
  validity: Validity,
): Promise<X509Certificate> {
  const names = uriNames(client.did, ...(client.admin ? [ADMIN_NAME] : []));
  return issueLeaf(issuer, spki, client.name, validity, ExtendedKeyUsage.clientAuth, names);
}

/** The authority's list of revoked certificates (RFC 5280 §5), as standard software reads it, too. */
export function issueRevocations(
  issuer: Issuer,
  revoked: readonly { readonly serial: string; readonly at: number }[],
  now: number,
): Promise<X509Crl> {
  return X509CrlGenerator.create(
    {
      issuer: issuer.certificate.subjectName,
      thisUpdate: new Date(now),
      nextUpdate: issuer.certificate.notAfter,
      signingAlgorithm: ECDSA,
      signingKey: SIGNING_KEY,
      entries: revoked.map(({ serial, at }) => ({ serialNumber: serial, revocationDate: new Date(at) })),
    },
    cryptoOf(issuer.signer),
  );
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}
