/**
 * GZIP and ZLIB as Node and browsers both have them. What a stranger compressed is inflated up to a limit and no further: a few
 * kilobytes can stand for gigabytes.
 */
import { concatBytes } from "#base";

/** `deflate` is what the web calls ZLIB (RFC 1950); `gzip` is RFC 1952. */
export type Compression = "gzip" | "deflate";

/** Compresses. The same bytes need not give the same stream everywhere: digests are over what is not compressed. */
export async function compress(bytes: Uint8Array, format: Compression): Promise<Uint8Array> {
  const stream = new CompressionStream(format);
  return (await pump(bytes, stream, Number.POSITIVE_INFINITY)) as Uint8Array;
}

/** @returns `undefined` where the bytes are no such stream, or are more than the limit */
export async function decompress(
  bytes: Uint8Array,
  format: Compression,
  limit: number,
): Promise<Uint8Array | undefined> {
  try {
    return await pump(bytes, new DecompressionStream(format), limit);
  } catch {
    return undefined;
  }
}

async function pump(
  bytes: Uint8Array,
  { readable, writable }: CompressionStream | DecompressionStream,
  limit: number,
): Promise<Uint8Array | undefined> {
  const writer = writable.getWriter();
  // Of what goes wrong, reading tells; the writer's promises fail of the same.
  const written = Promise.all([writer.write(bytes), writer.close()]).catch(() => {});
  const reader = readable.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += (value as Uint8Array).length;
    if (length > limit) {
      await reader.cancel();
      return undefined;
    }
    parts.push(value as Uint8Array);
  }
  await written;
  return concatBytes(...parts);
}
