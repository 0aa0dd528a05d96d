/** Where a home keeps its authority, and how the files are read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeUtf8, isHansaError } from "#base";
import { type KeyStore, open, seal } from "#crypto/node";
import { tlsError } from "./errors.ts";
import { PemConverter } from "./x509.ts";

export interface TlsFiles {
  readonly folder: string;
  /** Certificates of the authorities that are trusted, newest first; for clients as well. */
  readonly authorities: string;
  /** Statements that bind them to the member's DID, one a line, in the same order; for clients as well. */
  readonly bindings: string;
  /** The node's certificate, what links it to older authorities, and its key, sealed. */
  readonly node: string;
  /** Lists of revoked certificates, one of each authority. */
  readonly revocations: string;
  /** What was issued. */
  readonly register: string;
}

/** Where things are. Nothing is read or made. */
export function tlsFilesAt(home: string): TlsFiles {
  const folder = join(home, "tls");
  return {
    folder,
    authorities: join(folder, "ca.pem"),
    bindings: join(folder, "ca.jwt"),
    node: join(folder, "node.pem"),
    revocations: join(folder, "crl.pem"),
    register: join(folder, "issued.json"),
  };
}

/** Name of the data key that seals the node's TLS key. */
const NODE_KEY = "tls/node";
const SEALED = "HANSA SEALED KEY";
const PURPOSE = encodeUtf8("hansa tls/node.pem");
/** Largest file that is read, bytes. */
const MOST_BYTES = 16 * 1024 * 1024;

/** @throws HansaError `tls.not-set-up`, `tls.damaged` */
export function readTlsFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw tlsError("tls.not-set-up", `${path} is missing`, { path }, error);
    throw tlsError("tls.damaged", `${path} cannot be read`, { path }, error);
  }
  if (text.length > MOST_BYTES) throw tlsError("tls.damaged", `${path} is too large`, { path });
  return text;
}

/** The blocks of a PEM file with this label, DER. @throws HansaError `tls.damaged` */
export function pemBlocks(path: string, text: string, label: string): Uint8Array[] {
  try {
    return PemConverter.decodeWithHeaders(text)
      .filter(({ type }) => type === label)
      .map(({ rawData }) => new Uint8Array(rawData));
  } catch (error) {
    throw tlsError("tls.damaged", `${path} is not PEM`, { path }, error);
  }
}

export function pem(der: Uint8Array | ArrayBuffer, label: string): string {
  return `${PemConverter.encode(Uint8Array.from(new Uint8Array(der)), label)}\n`;
}

/** The node's file: one file, so that certificate and key change in one step. */
export function encodeNodeFile(
  keys: KeyStore,
  chain: readonly (Uint8Array | ArrayBuffer)[],
  pkcs8: Uint8Array,
): string {
  const key = keys.dataKey(NODE_KEY);
  const sealed = seal(key, pkcs8, PURPOSE);
  key.fill(0);
  return chain.map((der) => pem(der, "CERTIFICATE")).join("") + pem(sealed, SEALED);
}

/** @throws HansaError `tls.not-set-up`, `tls.damaged` */
export function readNodeFile(
  path: string,
  keys: KeyStore,
): { readonly chain: readonly Uint8Array[]; readonly pkcs8: Uint8Array } {
  const text = readTlsFile(path);
  const chain = pemBlocks(path, text, "CERTIFICATE");
  const [sealed] = pemBlocks(path, text, SEALED);
  if (chain.length === 0 || sealed === undefined)
    throw tlsError("tls.damaged", `${path} lacks the certificate or its key`, { path });
  const key = keys.dataKey(NODE_KEY);
  try {
    return { chain, pkcs8: open(key, sealed, PURPOSE) };
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw tlsError("tls.damaged", `the key in ${path} does not open with this home's keys`, { path }, error);
  } finally {
    key.fill(0);
  }
}
