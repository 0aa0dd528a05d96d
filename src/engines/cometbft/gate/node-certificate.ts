/**
 * X.509 certificates of node keys: self-signed, short-lived, the same form each time, so the DER is written out here. WebCrypto's Ed25519
 * is experimental in Node 20 and prints a warning; `@peculiar/x509` builds upon it.
 */
import { createPrivateKey } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { type Clock, concatBytes, encodeUtf8 } from "#base";
import { createSigner, randomBytes, type Signer } from "#crypto";
import { cometAddress } from "#protocol";

export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

const ED25519 = "1.3.101.112";
const COMMON_NAME = "2.5.4.3";
const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const ALTERNATIVE_NAME = "2.5.29.17";

/** What a certificate says. */
export interface CertificateContent {
  readonly signer: Signer;
  /** Node id that it names. */
  readonly node: string;
  /** Milliseconds since 1970; kept to the second. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Extended key usage, object identifiers. */
  readonly usages: readonly string[];
}

/** The URI by which a certificate names its node. */
export function nodeUri(node: string): string {
  return `hansa:node:${node}`;
}

/** A self-signed certificate, DER. */
export function encodeCertificate({ signer, node, notBefore, notAfter, usages }: CertificateContent): Uint8Array {
  const algorithm = sequence(identifier(ED25519));
  const name = sequence(tagged(0x31, sequence(identifier(COMMON_NAME), text(0x0c, node))));
  // Positive, and its first byte not zero: DER wants the shortest form.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
  const body = sequence(
    tagged(0xa0, integer(Uint8Array.of(2))),
    integer(serial),
    algorithm,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    sequence(algorithm, bitString(signer.publicKey, 0)),
    tagged(
      0xa3,
      sequence(
        extension(BASIC_CONSTRAINTS, true, sequence()),
        // digitalSignature alone.
        extension(KEY_USAGE, true, bitString(Uint8Array.of(0x80), 7)),
        extension(EXTENDED_KEY_USAGE, true, sequence(...usages.map(identifier))),
        extension(ALTERNATIVE_NAME, false, sequence(text(0x86, nodeUri(node)))),
      ),
    ),
  );
  return sequence(body, algorithm, bitString(signer.sign(body), 0));
}

/** A certificate as PEM. */
export function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** An Ed25519 seed as a PKCS #8 private key, PEM. */
export function privateKeyPem(seed: Uint8Array): string {
  const der = sequence(integer(Uint8Array.of(0)), sequence(identifier(ED25519)), tagged(0x04, tagged(0x04, seed)));
  const key = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  der.fill(0);
  return key.export({ format: "pem", type: "pkcs8" }) as string;
}

/** Who a node is in TLS: its key, and a certificate that is renewed at half its life. Live streams keep what they began with. */
export class NodeIdentity {
  /** CometBFT's id of the node. */
  readonly node: string;
  readonly #key: string;
  readonly #signer: Signer;
  readonly #clock: Clock;
  readonly #lifetime: number;
  #current: { readonly from: number; readonly context: SecureContext } | undefined;

  /**
   * @param seed - 32 bytes of the Ed25519 node key
   * @param lifetime - of a certificate, milliseconds
   */
  constructor(seed: Uint8Array, clock: Clock, lifetime: number) {
    this.#signer = createSigner("Ed25519", seed);
    this.node = cometAddress({ algorithm: "Ed25519", bytes: this.#signer.publicKey });
    this.#key = privateKeyPem(seed);
    this.#clock = clock;
    this.#lifetime = lifetime;
  }

  /** Key and certificate for the next handshake. */
  context(): SecureContext {
    const now = this.#clock.now();
    // A clock that was set back makes a new one, too: peers would find the old one not valid yet.
    if (this.#current === undefined || now < this.#current.from || now >= this.#current.from + this.#lifetime / 2) {
      const notAfter = now + this.#lifetime;
      const usages = [CLIENT_AUTH, SERVER_AUTH];
      const der = encodeCertificate({ signer: this.#signer, node: this.node, notBefore: now, notAfter, usages });
      this.#current = { from: now, context: contextOf(this.#key, certificatePem(der)) };
    }
    return this.#current.context;
  }
}

/** TLS 1.3 and nothing older. */
export function contextOf(key: string, cert: string): SecureContext {
  return createSecureContext({ key, cert, minVersion: "TLSv1.3", maxVersion: "TLSv1.3" });
}

function tagged(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts);
  const { length } = content;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return concatBytes(Uint8Array.from(head), content);
}

function sequence(...parts: Uint8Array[]): Uint8Array {
  return tagged(0x30, ...parts);
}

/** Of a value whose first bit is clear. */
function integer(bytes: Uint8Array): Uint8Array {
  return tagged(0x02, bytes);
}

function bitString(bytes: Uint8Array, unused: number): Uint8Array {
  return tagged(0x03, Uint8Array.of(unused), bytes);
}

function text(tag: number, value: string): Uint8Array {
  return tagged(tag, encodeUtf8(value));
}

function identifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tagged(0x06, Uint8Array.from(bytes));
}

/** UTCTime up to 2049, GeneralizedTime after (RFC 5280, 4.1.2.5). */
function time(ms: number): Uint8Array {
  const digits = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  return digits < "2050" ? text(0x17, digits.slice(2)) : text(0x18, digits);
}

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [tagged(0x01, Uint8Array.of(0xff))] : [];
  return sequence(identifier(id), ...flag, tagged(0x04, value));
}
