import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createSigner } from "#crypto";
import { type Client, type ClientOptions, createClient, createParty } from "#sdk";

/** A request as it arrived. */
interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Answer = (arrived: Arrived, response: ServerResponse, request: IncomingMessage) => void;

export const GROUP = "hanse:main:2xGabcdefghijkmnopqrstuvwx";

/** A real HTTP server that answers as a test says, and remembers what it was asked. */
export async function serve(answer: Answer) {
  const arrived: Arrived[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://x");
      const one: Arrived = {
        method: request.method ?? "",
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        headers: request.headers,
        body: Buffer.concat(chunks).toString("utf8"),
      };
      arrived.push(one);
      answer(one, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    arrived,
    client: (options: Partial<ClientOptions> = {}): Client =>
      createClient({ url, group: GROUP, signer: PARTY, retry: { attempts: 3, delay: 0 }, ...options }),
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const PARTY = createParty("hanse", createSigner("Ed25519", new Uint8Array(32).fill(7)));

export function json(response: ServerResponse, value: unknown, status = 200, type = "application/json"): void {
  response.writeHead(status, { "content-type": type });
  response.end(JSON.stringify(value));
}

export function problem(response: ServerResponse, status: number, code: string, more: object = {}): void {
  const body = { type: `urn:hansa:error:${code}`, title: code, status, detail: `no: ${code}`, code, ...more };
  json(response, body, status, "application/problem+json");
}
