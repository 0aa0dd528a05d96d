/** Times as ISO 8601 in UTC, to the second. */
export function formatTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return String(milliseconds);
  return date.toISOString().replace(/\.000Z$/, "Z");
}

/** Seconds since 1970 as ISO 8601. */
export function formatSeconds(seconds: number): string {
  return formatTime(seconds * 1000);
}

/** Longest id that is shown whole. */
const WHOLE = 14;

/** An id with its middle left out: `did:hansa:hanse:3QJm…sCW3`, `5f3a…09be`. */
export function shortenId(id: string): string {
  const cut = Math.max(id.lastIndexOf(":"), id.lastIndexOf("_")) + 1;
  const last = id.slice(cut);
  return last.length <= WHOLE ? id : `${id.slice(0, cut)}${last.slice(0, 4)}…${last.slice(-4)}`;
}

/** DIDs, ids and digests in a longer text, shortened where they stand. */
export function shortenIds(text: string): string {
  return text
    .replace(/did:hansa:[a-z0-9-]+:[1-9A-HJ-NP-Za-km-z]{26,28}/g, shortenId)
    .replace(/\blk_[1-9A-HJ-NP-Za-km-z]{20,28}\b/g, shortenId)
    .replace(/(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])/g, shortenId);
}
