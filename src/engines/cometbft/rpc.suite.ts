import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { CometRpc, type RpcOptions } from "./rpc.ts";

export type Handler = (body: string, response: ServerResponse) => void;

/** A server in CometBFT's place, for answers that the real one gives rarely or never. */
export async function answering(handler: Handler, options: Partial<RpcOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "hansa-rpc-"));
  const socket = join(folder, "rpc.sock");
  const bodies: string[] = [];
  const connections = new Set<unknown>();
  const server = createServer((request: IncomingMessage, response) => {
    connections.add(request.socket);
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part: string) => {
      body += part;
    });
    request.on("end", () => {
      bodies.push(body);
      handler(body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const rpc = new CometRpc({ socket, ...options });
  onTestFinished(async () => {
    rpc.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });
  return { rpc, bodies, connections };
}
