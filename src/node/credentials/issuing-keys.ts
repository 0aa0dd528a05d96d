/** Keys that the configuration lets the node sign credentials and presentations with. */
import { hkdfSync } from "node:crypto";
import { p384 } from "#crypto";
import { type KeyStore, wipe } from "#crypto/node";
import { type CredentialSigner, createCredentialSigner, credentialSigner } from "#identity";
import { didOf, keyIdOf } from "#protocol";
import type { CredentialsConfig, IssuerConfig } from "../config/credentials-config.ts";
import { nodeError } from "../errors.ts";

/** One issuer of the node. */
export interface Issuer extends IssuerConfig {
  /** Whose name stands under what it issues. */
  readonly id: string;
  readonly signer: CredentialSigner;
}

/** Who signs presentations. */
export interface Holder {
  readonly id: string;
  readonly signer: CredentialSigner;
  readonly suite: string | undefined;
  readonly access: "member" | "open";
}

export interface KeySource {
  readonly keys: KeyStore;
  readonly alliance: string;
  /** Key file entry of the member that runs the node. */
  readonly member: string;
}

/** @throws HansaError `node.config` where two have one name, or a key does not go with what is said of it; `node.key-missing` */
export function openIssuers(config: CredentialsConfig, source: KeySource): Issuer[] {
  const issuers = (config.issuers ?? []).map((issuer, at): Issuer => {
    const signer = openSigner(issuer, source, `/identity/credentials/issuers/${at}`);
    return { ...issuer, id: signer.controller, signer };
  });
  const names = new Set(issuers.map(({ name }) => name));
  if (names.size < issuers.length)
    throw nodeError("node.config", "config: two issuers have one name", { path: "/identity/credentials/issuers" });
  return issuers;
}

/** @throws HansaError as for `openIssuers` */
export function openHolder(config: CredentialsConfig, source: KeySource): Holder | undefined {
  if (config.holder === undefined) return undefined;
  const { suite, access = "member" } = config.holder;
  const signer = openSigner(config.holder, source, "/identity/credentials/holder");
  return { id: signer.controller, signer, suite, access };
}

type KeyChoice = Pick<IssuerConfig, "did" | "key" | "algorithm">;

function openSigner(choice: KeyChoice, source: KeySource, path: string): CredentialSigner {
  const { keys, alliance, member } = source;
  const { did, key = member, algorithm } = choice;
  if (algorithm === "P-384") {
    if (did !== "did:key" || choice.key === undefined)
      throw nodeError("node.config", "config: a P-384 key is a did:key's, under a name of its own", { path });
    return createCredentialSigner("P-384", { secret: derivedSecret(keys, key) });
  }
  if (!keys.list().some(({ name }) => name === key))
    throw nodeError("node.key-missing", `the key file has no key ${key}`, { key, path });
  const signer = keys.signer(key);
  if (did === "did:key") return credentialSigner(signer);
  const own = keys.signer(member);
  // The DID is that of the member's first key; another key has to stand in its document before anybody believes it.
  const controller = didOf(alliance, { algorithm: own.algorithm, bytes: own.publicKey });
  const id = keyIdOf(controller, { algorithm: signer.algorithm, bytes: signer.publicKey });
  return credentialSigner(signer, { id, controller });
}

/**
 * A secret of P-384 (FIPS 186-5 §A.2.1, from 64 bits more than the order has): key files hold 32-byte secrets alone, so it is derived of one
 * of their data keys.
 */
function derivedSecret(keys: KeyStore, name: string): Uint8Array {
  const seed = keys.dataKey(`credentials/${name}`);
  try {
    const wide = Buffer.from(hkdfSync("sha384", seed, new Uint8Array(0), `hansa/credentials/P-384/${name}`, 56));
    const order = 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n;
    const secret = (BigInt(`0x${wide.toString("hex")}`) % (order - 1n)) + 1n;
    wide.fill(0);
    const bytes = Uint8Array.from(Buffer.from(secret.toString(16).padStart(96, "0"), "hex"));
    p384.publicKey(bytes);
    return bytes;
  } finally {
    wipe(seed);
  }
}
