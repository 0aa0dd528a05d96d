/**
 * Sealing to a recipient's key: JWE (RFC 7516), ECDH-ES in direct agreement (RFC 7518 §4.6) with A256GCM, so that only the key's holder reads what is
 * released. Over `node:crypto` and not `jose`, whose asynchronous Web Crypto takes four times the processor time for the same bytes; that any JOSE
 * library opens it, the tests show.
 */
import {
  createCipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { encodeBase64Url, encodeUtf8 } from "#base";
import type { SealingKey } from "#protocol";
import { exchangeError } from "./errors.ts";

const ENC = "A256GCM";
const KEY_BITS = 256;

/** Seals bytes to a key that was imported once. */
export interface Sealer {
  /**
   * @returns compact JWE; every one has an ephemeral key of its own
   * @throws HansaError `exchange.malformed` where the key gives no secret
   */
  seal(plaintext: Uint8Array): string;
  /** As `seal`, of nothing: for whoever has nothing to seal yet. */
  check(): void;
}

/**
 * A sealer to a public key of a request: X25519 or P-256.
 *
 * @throws HansaError `exchange.malformed` where the key is none, or a point off its curve
 */
export function sealerTo(key: SealingKey): Sealer {
  const recipient = usable(() => createPublicKey({ key: { ...key }, format: "jwk" }));
  return {
    seal: (plaintext) =>
      sealTo(
        usable(() => agree(key.crv, recipient)),
        plaintext,
      ),
    check: () => void usable(() => agree(key.crv, recipient)),
  };
}

/** What the platform refuses of a key: not on its curve, or of low order, which gives no secret (RFC 7748 §6.1). */
function usable<Value>(take: () => Value): Value {
  try {
    return take();
  } catch (error) {
    throw exchangeError(
      "exchange.malformed",
      "the key to seal to is no public key of its curve",
      { path: "/epk", problem: "key" },
      error,
    );
  }
}

function sealTo({ epk, secret }: ReturnType<typeof agree>, plaintext: Uint8Array): string {
  const header = encodeBase64Url(
    encodeUtf8(JSON.stringify({ alg: "ECDH-ES", enc: ENC, cty: "application/json", epk })),
  );
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", deriveKey(secret), iv);
  // The protected header is what GCM authenticates beside the text (RFC 7516 §5.1, step 14).
  cipher.setAAD(Buffer.from(header, "latin1"));
  const text = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const parts = [iv, text, cipher.getAuthTag()].map((part) => part.toString("base64url"));
  // In direct agreement there is no encrypted key: its part is empty.
  return [header, "", ...parts].join(".");
}

function agree(curve: SealingKey["crv"], recipient: KeyObject) {
  const { publicKey, privateKey } =
    curve === "X25519" ? generateKeyPairSync("x25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const secret = diffieHellman({ privateKey, publicKey: recipient });
  return { epk: publicKey.export({ format: "jwk" }), secret };
}

/** Concat KDF (RFC 7518 §4.6.2): one round of SHA-256 gives the whole key. */
function deriveKey(secret: Uint8Array): Uint8Array {
  const word = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const nobody = word(0);
  return createHash("sha256")
    .update(word(1))
    .update(secret)
    .update(word(ENC.length))
    .update(ENC)
    .update(nobody)
    .update(nobody)
    .update(word(KEY_BITS))
    .digest();
}
