/** The injected fetch, held to addresses and sizes that a wallet may have to do with. */
import { openidError } from "./errors.ts";

/** Most bytes of an answer. */
const MOST_BYTES = 2 << 20;
const NO_BODY: readonly number[] = [204, 205, 304];

/**
 * Wraps a fetch: https alone, or http to this machine's loopback; no redirects, which would lead elsewhere than what was looked at; no more
 * than 2 MiB of an answer.
 *
 * @throws HansaError (the fetch, when called) `openid.address`, `openid.peer`
 */
export function guardFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const url = requireAddress(typeof input === "object" && "url" in input ? input.url : String(input));
    let response: Response;
    try {
      response = await fetch(url.href, { ...init, redirect: "error" });
    } catch (error) {
      throw openidError("openid.peer", `${url.host} cannot be reached`, { host: url.host }, error);
    }
    const { status, headers } = response;
    const body = NO_BODY.includes(status) ? null : await readBody(response, url.host);
    return new Response(body, { status, headers });
  };
}

/** @throws HansaError `openid.address` */
export function requireAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (url === undefined || !isSafe || url.username !== "" || url.password !== "")
    throw openidError("openid.address", "the address has no TLS, or is none", { address: text.slice(0, 200) });
  return url;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

async function readBody(response: Response, host: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) break;
    length += next.value.length;
    if (length > MOST_BYTES) {
      await reader?.cancel();
      throw openidError("openid.peer", `the answer of ${host} is too long`, { host, limit: MOST_BYTES });
    }
    chunks.push(next.value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
