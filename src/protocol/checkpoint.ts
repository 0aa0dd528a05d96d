/**
 * Checkpoints of topic logs as signed notes (C2SP signed-note, tlog-checkpoint): origin, size, root, signatures. Any transparency
 * log tooling reads them.
 */
import { decodeBase64Url, encodeBase64Url, encodeUtf8 } from "#base";
import { type PublicKey, type Signer, sha256Parts, verifySignature } from "#crypto";

export interface Checkpoint {
  /** `<group id>/<topic>` */
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** RFC 4648 base64 with padding, as notes have it. */
function encodeBase64(bytes: Uint8Array): string {
  const text = encodeBase64Url(bytes).replaceAll("-", "+").replaceAll("_", "/");
  return text + "=".repeat((4 - (text.length % 4)) % 4);
}

function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = decodeBase64Url(text.replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_"));
  // One value, one text: neither the other alphabet nor missing padding.
  return bytes !== undefined && encodeBase64(bytes) === text ? bytes : undefined;
}

/** The note's body: three lines. */
export function checkpointBody(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${encodeBase64(checkpoint.root)}\n`;
}

/** Key hash of a note signature: first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ Ed25519 key). */
function keyHash(name: string, publicKey: Uint8Array): Uint8Array {
  return sha256Parts(encodeUtf8(`${name}\n`), Uint8Array.of(1), publicKey).slice(0, 4);
}

/** Signs with an Ed25519 key (signature type 0x01). */
export function signCheckpoint(checkpoint: Checkpoint, name: string, signer: Signer): string {
  const body = checkpointBody(checkpoint);
  const hash = keyHash(name, signer.publicKey);
  const signature = signer.sign(encodeUtf8(body));
  const blob = new Uint8Array(4 + signature.length);
  blob.set(hash);
  blob.set(signature, 4);
  return `${body}\n— ${name} ${encodeBase64(blob)}\n`;
}

/** The checkpoint of a note that this key signed under this name, or `undefined`. */
export function openCheckpoint(note: string, name: string, key: PublicKey): Checkpoint | undefined {
  const split = note.indexOf("\n\n");
  if (split < 0 || note.length > 4096 || key.algorithm !== "Ed25519") return undefined;
  const body = note.slice(0, split + 1);
  const [origin, size, root, ...rest] = body.split("\n");
  const digest = decodeBase64(root ?? "");
  if (origin === undefined || !/^(0|[1-9][0-9]{0,14})$/.test(size ?? "") || digest?.length !== 32 || rest.length !== 1)
    return undefined;
  for (const line of note.slice(split + 2).split("\n")) {
    if (!line.startsWith(`— ${name} `)) continue;
    const blob = decodeBase64(line.slice(name.length + 3));
    if (blob === undefined || blob.length !== 68) continue;
    if (keyHash(name, key.bytes).some((byte, i) => blob[i] !== byte)) continue;
    if (verifySignature(key, encodeUtf8(body), blob.subarray(4))) return { origin, size: Number(size), root: digest };
  }
  return undefined;
}
