/** A real HTTPS host on this machine, with an authority of its own. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createSigner } from "#crypto";
import { issueAuthority, issueNode, makeKeyPair } from "../../../node/tls/certificates.ts";
import { pem } from "../../../node/tls/tls-files.ts";

export interface HttpsHost {
  readonly port: number;
  /** Its authority, PEM. */
  readonly ca: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** @param names - for which its certificate is good */
export async function startHttpsHost(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  names: readonly string[] = ["localhost"],
): Promise<HttpsHost> {
  const validity = { from: Date.now() - 60_000, until: Date.now() + 3_600_000 };
  const signer = createSigner("P-256");
  const certificate = await issueAuthority(signer, "did:web:localhost", "test", validity);
  const { spki, pkcs8 } = makeKeyPair();
  const leaf = await issueNode({ signer, certificate }, spki, "did:web:localhost", names, validity);
  const asked: string[] = [];
  const server = createServer(
    { cert: pem(leaf.rawData, "CERTIFICATE"), key: pem(pkcs8, "PRIVATE KEY") },
    (request, response) => {
      asked.push(request.url ?? "");
      answer(request, response);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    ca: pem(certificate.rawData, "CERTIFICATE"),
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
