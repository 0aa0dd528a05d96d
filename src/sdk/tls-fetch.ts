/**
 * `fetch` with a certificate authority and a client certificate of the caller's choice, on Node. Browsers have their own for that, so
 * nothing of Node is imported: what is needed is asked of the running process.
 */
import { sdkError } from "./errors.ts";

/** PEM. */
export interface ClientTls {
  /** Authorities that are trusted for the node, and no others. */
  readonly ca?: string | undefined;
  /** The client's certificate, for nodes that want one. */
  readonly cert?: string | undefined;
  /** Its key. */
  readonly key?: string | undefined;
}

interface NodeResponse {
  readonly statusCode: number;
  readonly rawHeaders: readonly string[];
}

interface NodeRequest {
  readonly reusedSocket: boolean;
  on(event: "response", listener: (response: NodeResponse) => void): void;
  on(event: "error", listener: (error: Error & { readonly code?: string }) => void): void;
  end(body?: string | Uint8Array): void;
}

interface NodeModules {
  readonly https: {
    readonly Agent: new (options: object) => object;
    request(url: string, options: object): NodeRequest;
  };
  readonly stream: { readonly Readable: { toWeb(stream: NodeResponse): ReadableStream<Uint8Array> } };
}

function nodeModules(): NodeModules {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const https = process?.getBuiltinModule?.("https");
  const stream = process?.getBuiltinModule?.("stream");
  if (https === undefined || stream === undefined)
    throw sdkError("sdk.tls", "the options `tls` are for Node; a browser has its own certificates");
  return { https, stream } as NodeModules;
}

/**
 * A `fetch` for `createClient`. Connections are kept and used again; TLS is 1.2 at least. Redirections are not followed.
 *
 * @throws HansaError `sdk.tls` outside of Node, or where the PEM texts are none
 * @example
 * ```ts
 * const client = createClient({ url: "https://node.acme.example:7420", fetch: tlsFetch({ ca, cert, key }) });
 * ```
 */
export function tlsFetch(tls: ClientTls): typeof fetch {
  const { https, stream } = nodeModules();
  if ((tls.cert === undefined) !== (tls.key === undefined))
    throw sdkError("sdk.tls", "a client certificate and its key go together");
  const agent = new https.Agent({ ...tls, keepAlive: true, minVersion: "TLSv1.2", maxCachedSessions: 0 });

  const once = (url: string, init: RequestInit) =>
    new Promise<{ response: Response } | { stale: Error }>((resolve, reject) => {
      const { method = "GET", body, signal } = init;
      const headers = Object.fromEntries(new Headers(init.headers));
      const request = https.request(url, { agent, method, headers, signal: signal ?? undefined });
      request.on("response", (incoming) => {
        const status = incoming.statusCode;
        if (status >= 300 && status < 400) {
          reject(new TypeError("the node answered with a redirection"));
          return;
        }
        const answered = new Headers();
        for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2)
          answered.append(incoming.rawHeaders[i] as string, incoming.rawHeaders[i + 1] as string);
        const empty = status === 204 || status === 205;
        const content = stream.Readable.toWeb(incoming);
        resolve({ response: new Response(empty ? null : content, { status, headers: answered }) });
      });
      request.on("error", (error) => {
        // A kept connection that the other side closed meanwhile: the request did not arrive, as far as anybody can tell.
        if (request.reusedSocket && error.code === "ECONNRESET") resolve({ stale: error });
        else reject(new TypeError("fetch failed", { cause: error }));
      });
      if (body === undefined || body === null) request.end();
      else request.end(typeof body === "string" ? body : (body as Uint8Array));
    });

  return async (input, init = {}) => {
    const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
    for (;;) {
      const outcome = await once(url, init);
      if ("response" in outcome) return outcome.response;
      // Only what changes nothing is sent again; each try takes one stale connection away.
      if ((init.method ?? "GET") !== "GET") throw new TypeError("fetch failed", { cause: outcome.stale });
    }
  };
}
