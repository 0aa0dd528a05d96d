/** A moment as DID Resolution §3.1 writes it: UTC, whole seconds. */
export function formatDateTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** Whether a moment lies in the years that have such a text, 1970 to 9999. */
export function isDateTime(milliseconds: number): boolean {
  return milliseconds >= 0 && milliseconds < 253_402_300_800_000;
}

/**
 * Milliseconds of such a text; `undefined` for any other, and for days that no calendar has.
 *
 * @example
 * ```ts
 * parseDateTime("2026-01-31T12:00:00Z"); // 1769860800000
 * parseDateTime("2026-02-30T12:00:00Z"); // undefined
 * ```
 */
export function parseDateTime(text: string): number | undefined {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/.test(text)) return undefined;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) || formatDateTime(milliseconds) !== text ? undefined : milliseconds;
}
