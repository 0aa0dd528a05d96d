/** JSON-RPC over HTTP/1.1 for CometBFT's light client, as `light/provider/http` and state sync speak it: POST with one call. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { isHansaError, type Json, parseJson } from "#base";
import { within } from "./deadline.ts";
import type { GateContext } from "./gate-context.ts";

/**
 * What a light client needs, and no more: nothing here tells of a transaction. `broadcast_evidence` is how it reports a fork; CometBFT
 * checks evidence before it believes it, and takes it from every peer anyway.
 */
export const LIGHT_METHODS = [
  "status",
  "header",
  "commit",
  "validators",
  "consensus_params",
  "broadcast_evidence",
] as const;
export type LightMethod = (typeof LIGHT_METHODS)[number];

/**
 * Answers a light client's call with the `result` of CometBFT's own RPC: `(method, params) => rpc.call(method, params)`. What CometBFT refused
 * (`engine.rpc-refused`) is passed on in its words.
 */
export type LightHandler = (method: LightMethod, params: Readonly<Record<string, Json>>) => Promise<Json>;

type Id = string | number | null;

interface Call {
  readonly id: Id;
  readonly method: LightMethod;
  readonly params: Readonly<Record<string, Json>>;
}

const MAX_DEPTH = 32;
const MAX_HEADER_BYTES = 8192;
/** Requests on one stream before it is dialled anew. */
const MOST_REQUESTS = 10_000;

/** Serves HTTP on streams that peers opened; it listens nowhere. */
export class LightServer {
  readonly #context: GateContext;
  readonly #handler: LightHandler;
  readonly #server: Server;
  /** Ends a stream that dawdles. Node's own checks run in listening servers only. */
  readonly #patience = new WeakMap<object, () => void>();

  constructor(context: GateContext, handler: LightHandler) {
    this.#context = context;
    this.#handler = handler;
    this.#server = createServer(
      { maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 0, noDelay: true, requestTimeout: 0, headersTimeout: 0 },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.maxRequestsPerSocket = MOST_REQUESTS;
    this.#server.on("clientError", (_, socket) => socket.destroy());
  }

  take(socket: TLSSocket): void {
    if (socket.destroyed) return;
    this.#wait(socket);
    socket.once("close", () => this.#patience.get(socket)?.());
    this.#server.emit("connection", socket);
  }

  #wait(socket: TLSSocket): void {
    this.#patience.get(socket)?.();
    const { clock, limits } = this.#context;
    this.#patience.set(
      socket,
      clock.after(limits.lightIdleMs, () => socket.destroy()),
    );
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const socket = request.socket as TLSSocket;
    try {
      if (request.method !== "POST") return end(response, 405, { error: "POST one JSON-RPC call" });
      const body = await readBody(request, this.#context.limits.lightBytes);
      // From here on to the next: the answer must have been read by then, too.
      if (!socket.destroyed) this.#wait(socket);
      if (body === undefined) return end(response, 413, { error: "the request is too large, or broke off" });
      const call = decodeCall(body);
      if ("error" in call) return end(response, 200, { jsonrpc: "2.0", ...call });
      end(response, 200, await this.#answer(call));
    } catch (error) {
      this.#context.log(`peer gate: light: ${String(error)}`);
      socket.destroy();
    }
  }

  async #answer({ id, method, params }: Call): Promise<object> {
    const { clock, limits } = this.#context;
    try {
      const result = await within(this.#handler(method, params), limits.requestMs, clock);
      return result === undefined ? failure(id, -32603, "Internal error", "deadline") : { jsonrpc: "2.0", id, result };
    } catch (error) {
      // Light clients go by the words: "height 7 is not available".
      if (isHansaError(error, "engine.rpc-refused")) return failure(id, -32603, "Internal error", error.message);
      this.#context.log(`peer gate: light: ${method}: ${String(error)}`);
      return failure(id, -32603, "Internal error", "failed");
    }
  }
}

function decodeCall(body: Uint8Array): Call | { readonly id: Id; readonly error: object } {
  let value: Json;
  try {
    value = parseJson(body, { depth: MAX_DEPTH, integers: false });
  } catch {
    return { id: null, error: { code: -32700, message: "Parse error" } };
  }
  if (!isObject(value))
    return { id: null, error: { code: -32600, message: "Invalid Request", data: "one call at a time" } };
  const { id: given, method: name, params = {} } = value;
  const id = typeof given === "string" || typeof given === "number" ? given : null;
  const method = LIGHT_METHODS.find((known) => known === name);
  if (method === undefined) return { id, error: { code: -32601, message: "Method not found" } };
  if (!isObject(params)) return { id, error: { code: -32602, message: "Invalid params", data: "name them" } };
  return { id, method, params };
}

function isObject(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function failure(id: Id, code: number, message: string, data: string): object {
  return { jsonrpc: "2.0", id, error: { code, message, data } };
}

/** The body; `undefined` where it is too long or breaks off. */
async function readBody(request: IncomingMessage, most: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > most) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

function end(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return;
  // What is left of a request that was not read makes the stream useless.
  if (status !== 200) response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
