/**
 * Bundles as they travel. Transactions are JWTs, which resemble each other: compressed together they take a third of their bytes, and what
 * consensus costs grows with bytes, since every node passes them on to the others several times.
 *
 * A compressed bundle begins with its version and the nonce, as every bundle does; what follows is the rest of the plain one, deflated (RFC 1951).
 */
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { BEGIN, BUNDLE_LIMITS, decodeBundle, PLAIN } from "./bundle.ts";

const COMPRESSED = 2;
/** What zlib says of bytes that are no stream, of one that is cut short, and of one that becomes too large: the same on every machine. */
const REFUSALS: ReadonlySet<unknown> = new Set(["Z_DATA_ERROR", "Z_BUF_ERROR", "ERR_BUFFER_TOO_LARGE"]);

/** Below this it is not worth the work. */
const LEAST_BYTES = 2048;

/**
 * How many times as large as it travels a bundle may become. Blocks are limited as they travel: this bounds what a lying member can make
 * every node hold. Honest bundles that compress even better travel plain.
 */
export const MOST_GROWTH = 8;

/** Compresses an encoded bundle where that makes it smaller. */
export function compressBundle(bundle: Uint8Array): Uint8Array {
  if (bundle.length < LEAST_BYTES) return bundle;
  const body = deflateRawSync(bundle.subarray(BEGIN), { level: constants.Z_BEST_SPEED });
  const length = BEGIN + body.length;
  if (length >= bundle.length || bundle.length > length * MOST_GROWTH) return bundle;
  const compressed = new Uint8Array(length);
  compressed.set(bundle.subarray(0, BEGIN));
  compressed[0] = COMPRESSED;
  compressed.set(body, BEGIN);
  return compressed;
}

/**
 * The transactions of a bundle, compressed or plain; `undefined` where the bytes are no bundle or exceed a limit. The same answer on every
 * node: proposals are accepted or rejected by it.
 */
export function openBundle(bytes: Uint8Array): Uint8Array[] | undefined {
  if (bytes[0] !== COMPRESSED) return decodeBundle(bytes);
  if (bytes.length <= BEGIN || bytes.length > BUNDLE_LIMITS.bytes) return undefined;
  const body = inflate(bytes.subarray(BEGIN), Math.min(BUNDLE_LIMITS.bytes, bytes.length * MOST_GROWTH) - BEGIN);
  if (body === undefined) return undefined;
  const bundle = new Uint8Array(BEGIN + body.length);
  bundle[0] = PLAIN;
  bundle.set(body, BEGIN);
  return decodeBundle(bundle);
}

/** All of the bytes, to the last one: zlib itself passes over what stands behind the end of a stream. */
function inflate(bytes: Uint8Array, most: number): Uint8Array | undefined {
  try {
    // With `info` the answer has the stream beside the bytes, which the types do not know.
    const { buffer, engine } = inflateRawSync(bytes, { maxOutputLength: most, info: true }) as unknown as {
      readonly buffer: Uint8Array;
      readonly engine: { readonly bytesWritten: number };
    };
    return engine.bytesWritten === bytes.length ? buffer : undefined;
  } catch (error) {
    // Anything else, such as a lack of memory, is this machine's own: calling the bundle none for it would part this node from the others.
    if (!REFUSALS.has((error as { readonly code?: unknown }).code)) throw error;
    return undefined;
  }
}
