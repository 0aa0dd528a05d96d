import { type Algorithm, suiteOf } from "#crypto";

const ALGORITHMS: readonly Algorithm[] = ["Ed25519", "P-256", "secp256k1"];

/** Checks a packed batch (see `packChecks`); one byte a signature, 1 where it holds. */
export default function verifyPacked(packed: Uint8Array): Uint8Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const holds: number[] = [];
  for (let at = 0; at < packed.length; ) {
    const algorithm = ALGORITHMS[packed[at] as number] as Algorithm;
    const keyLength = packed[at + 1] as number;
    const inputLength = view.getUint32(at + 2);
    const key = packed.subarray(at + 6, at + 6 + keyLength);
    const signature = packed.subarray(at + 6 + keyLength, at + 70 + keyLength);
    const input = packed.subarray(at + 70 + keyLength, at + 70 + keyLength + inputLength);
    holds.push(suiteOf(algorithm).verify(input, signature, key) ? 1 : 0);
    at += 70 + keyLength + inputLength;
  }
  return Uint8Array.from(holds);
}
