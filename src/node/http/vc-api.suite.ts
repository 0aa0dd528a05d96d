/** A node with the VC API, over HTTPS, and what talks to it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "#base";
import { openKeyFile } from "#crypto/node";
import { homeAt, type NodeConfig, TlsAuthority } from "#node";
import { signConnectionToken } from "#protocol";
import { type Party, tlsFetch } from "#sdk";
import { type NodeOptions, startTestNode } from "./node.suite.ts";

export type Credentials = NonNullable<NonNullable<NodeConfig["identity"]>["credentials"]>;

export interface Answered {
  readonly status: number;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test says what it looks for in it
  readonly json: any;
}

/** Keys of the issuers, by the names that the configuration uses. */
const KEYS = [
  ["ed", "Ed25519"],
  ["p256", "P-256"],
  ["k1", "secp256k1"],
  ["holder", "Ed25519"],
] as const;

/** One issuer for each key, open to anybody; `mine` is the member's own and the member's alone. */
export const ISSUERS: NonNullable<Credentials["issuers"]> = [
  { name: "ed", did: "did:key", key: "ed", access: "open", substitute: true },
  { name: "p256", did: "did:key", key: "p256", access: "open" },
  { name: "p384", did: "did:key", key: "p384", algorithm: "P-384", access: "open" },
  { name: "k1", did: "did:key", key: "k1", access: "open", format: "jwt" },
  { name: "acme", did: "did:hansa", status: ["revocation"] },
];

export const CREDENTIALS: Credentials = {
  issuers: ISSUERS,
  holder: { did: "did:key", key: "holder", access: "open" },
  verifier: "open",
};

/** @param credentials - `identity.credentials` */
export async function startVcNode(
  credentials: Credentials | "off" = CREDENTIALS,
  { more, ...options }: NodeOptions & { readonly identity?: NodeConfig["identity"] } = {},
) {
  const at = await startTestNode({
    ...options,
    more: {
      tls: { mode: "server" },
      ...more,
      identity: { ...options.identity, ...(credentials === "off" ? {} : { credentials }) },
    },
    prepare: async (folder, member) => {
      const keys = await openKeyFile(homeAt(folder).keyFile, "a passphrase of several words");
      for (const [name, algorithm] of KEYS) keys.generate(name, algorithm);
      await new TlsAuthority(folder, keys, Date.now).setUp(member, ["localhost", "127.0.0.1"]);
      keys.close();
      await options.prepare?.(folder, member);
    },
  });
  const ca = readFileSync(join(at.folder, "tls", "ca.pem"), "utf8");
  const fetch = tlsFetch({ ca });
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(at.node.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const type = response.headers.get("content-type")?.split(";")[0] ?? "";
    const json = text.startsWith("{") ? (JSON.parse(text) as unknown) : text;
    return { status: response.status, type, json } as Answered;
  };
  const tokenOf = (party: Party) =>
    `Bearer ${signConnectionToken(party.did, at.groupId, party.kid, party.signer, Date.now(), 600)}`;
  const mine = () => ({ authorization: tokenOf(at.acme) });
  return {
    ...at,
    ca,
    fetch,
    call,
    tokenOf,
    mine,
    get: (path: string, headers?: Record<string, string>) => call("GET", path, undefined, headers),
    post: (path: string, body: unknown, headers?: Record<string, string>) => call("POST", path, body, headers),
    issue: (credential: JsonObject, options: object = {}, headers?: Record<string, string>) =>
      call("POST", "/credentials/issue", { credential, options }, headers),
    verify: (verifiableCredential: unknown, options: object = {}) =>
      call("POST", "/credentials/verify", { verifiableCredential, options }),
    client: (signer: Party | undefined = undefined) => at.as(signer, { tls: { ca } }),
  };
}

export type VcNode = Awaited<ReturnType<typeof startVcNode>>;

/** A credential of the kind that the W3C's suites send: no issuer, which they fill in. */
export function plainCredential(more: JsonObject = {}): JsonObject {
  return {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    type: ["VerifiableCredential"],
    credentialSubject: { id: "did:example:subject", alumniOf: "The School of Examples" },
    ...more,
  };
}
