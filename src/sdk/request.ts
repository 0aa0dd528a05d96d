import { decodeUtf8, encodeUtf8, type HansaError, isHansaError } from "#base";
import { REQUEST_SCHEME, ROUTES, type RouteName, routeUrl, signRequestToken } from "#protocol";
import type { Client, Party } from "./client.ts";
import { sdkError } from "./errors.ts";
import { problemError } from "./problem.ts";

/** Options of every call. */
export interface CallOptions {
  /** Gives the call up; it then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface RequestInput extends CallOptions {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: { readonly type: string; readonly content: string | Uint8Array };
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are answers, beside those of success. */
  readonly answers?: readonly number[];
  /** Connection token, where the route wants one. */
  readonly token?: string;
  /** Signs the request for this group, where the route of itself is of none. */
  readonly signedFor?: { readonly group: string; readonly party: Party };
}

export interface Opened {
  readonly url: string;
  readonly response: Response;
}

/**
 * Sends a request and answers with its headers; a refusal is read and thrown. `signal` must end the body's reading, too.
 *
 * Reads of a group are signed, each by itself, where the client has a signer. Where it has none, but knows how to find one, that is done
 * once the node has refused.
 *
 * @throws HansaError `sdk.unreachable`, or the node's own
 */
export async function openRoute(
  client: Client,
  name: RouteName,
  input: RequestInput,
  signal: AbortSignal,
): Promise<Opened> {
  const { group } = input.parameters ?? {};
  if (ROUTES[name].access !== "reader" || group === undefined || input.token !== undefined)
    return send(client, name, input, input.signedFor, signal);
  const party = client.signer ?? (await client.memory.reader);
  if (party !== undefined) return send(client, name, input, { group, party }, signal);
  try {
    return await send(client, name, input, undefined, signal);
  } catch (error) {
    if (client.reader === undefined || !isHansaError(error, "http.unauthenticated")) throw error;
    return send(client, name, input, { group, party: await readerOf(client, client.reader) }, signal);
  }
}

/** Whoever signs reads of a client without a signer; found once. */
export function readerOf({ memory }: Client, find: () => Promise<Party>): Promise<Party> {
  memory.reader ??= find().catch((error: unknown) => {
    delete memory.reader;
    throw error;
  });
  return memory.reader;
}

async function send(
  client: Client,
  name: RouteName,
  input: RequestInput,
  signedFor: RequestInput["signedFor"],
  signal: AbortSignal,
): Promise<Opened> {
  const route = ROUTES[name];
  const url = routeUrl(client.url, name, input.parameters, input.query);
  const headers: Record<string, string> = {
    accept: `${route.answer.type}, application/problem+json`,
    ...input.headers,
  };
  if (input.token !== undefined) headers["authorization"] = `Bearer ${input.token}`;
  else if (signedFor !== undefined)
    headers["authorization"] = `${REQUEST_SCHEME} ${signRequest(client, url, route.method, input, signedFor)}`;
  if (input.body !== undefined) headers["content-type"] = input.body.type;
  let response: Response;
  try {
    response = await client.fetch(url, {
      method: route.method,
      headers,
      signal,
      // A node never redirects; following one could carry a token to a stranger.
      redirect: "error",
      ...(input.body === undefined ? {} : { body: input.body.content as BodyInit }),
    });
  } catch (error) {
    throw signal.aborted ? signal.reason : unreachable(url, error);
  }
  if (response.ok || input.answers?.includes(response.status) === true) return { url, response };
  const text = await readText(response, 1024 * 1024, url, signal);
  throw problemError(response.status, response.headers.get("content-type") ?? "", text, url);
}

/** Signs what the node will see: behind a proxy that strips a prefix of the path, that is the path without it. */
function signRequest(
  client: Client,
  url: string,
  method: string,
  { body }: RequestInput,
  { group, party }: NonNullable<RequestInput["signedFor"]>,
): string {
  const { pathname, search } = new URL(url);
  const prefix = new URL(client.url).pathname.replace(/\/$/, "");
  const bytes = typeof body?.content === "string" ? encodeUtf8(body.content) : body?.content;
  const request = { method, target: pathname.slice(prefix.length) + search, body: bytes };
  return signRequestToken(party.did, group, request, party.kid, party.signer, client.now());
}

/** Calls a route and reads its answer whole. */
async function callRoute(client: Client, name: RouteName, input: RequestInput): Promise<{ url: string; text: string }> {
  const deadline = deadlineOf(client, name, input.signal);
  try {
    const { url, response } = await openRoute(client, name, input, deadline.signal);
    return { url, text: await readText(response, client.maxBytes, url, deadline.signal) };
  } finally {
    deadline.clear();
  }
}

/**
 * Calls a route that answers JSON.
 *
 * @throws HansaError with a code of `SDK_ERRORS`, or the node's own
 */
export async function callJson<Answer>(client: Client, name: RouteName, input: RequestInput = {}): Promise<Answer> {
  const { url, text } = await callRoute(client, name, input);
  try {
    // Not the strict parser: events carry whatever devices said, and one odd key must not hide a page of others.
    return JSON.parse(text) as Answer;
  } catch (error) {
    throw sdkError("sdk.answer", "the answer is not JSON", { url, text: text.slice(0, 200) }, error);
  }
}

/** Calls a route that answers plain text. */
export async function callText(client: Client, name: RouteName, input: RequestInput = {}): Promise<string> {
  return (await callRoute(client, name, input)).text;
}

/** A signal that ends with the caller's, or with `sdk.timeout` once the client's limit has passed. */
export function deadlineOf(client: Client, name: RouteName, signal: AbortSignal | undefined) {
  const controller = new AbortController();
  const give = () => controller.abort(signal?.reason);
  if (signal?.aborted) give();
  signal?.addEventListener("abort", give, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = () => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(timedOut(client, name)), client.timeout);
  };
  arm();
  return {
    signal: controller.signal,
    /** Begins the wait anew: something was heard. */
    arm,
    /** Stops waiting until `arm`. */
    pause: () => clearTimeout(timer),
    clear: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", give);
    },
  };
}

function timedOut(client: Client, name: RouteName): HansaError {
  return sdkError("sdk.timeout", `${client.url} did not answer within ${client.timeout} ms`, {
    url: client.url,
    route: name,
    timeout: client.timeout,
  });
}

export function unreachable(url: string, error: unknown): HansaError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? ((cause as { code?: string }).code ?? cause.message) : String(cause);
  return sdkError("sdk.unreachable", `${new URL(url).origin} cannot be reached: ${why}`, { url, why }, error);
}

/** Reads a body up to a limit, so that a wrong or hostile peer cannot fill the memory. */
async function readText(response: Response, limit: number, url: string, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > limit) {
        await reader.cancel();
        throw sdkError("sdk.answer-too-large", `the answer is larger than ${limit} bytes`, { url, limit });
      }
      chunks.push(value);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof TypeError || (error as Error).name !== "HansaError" ? unreachable(url, error) : error;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  const text = decodeUtf8(whole);
  if (text === undefined) throw sdkError("sdk.answer", "the answer is not UTF-8", { url });
  return text;
}
