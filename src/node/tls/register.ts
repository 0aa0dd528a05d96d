/** What an authority issued: the file from which revocations are made. Nothing in it is secret. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { isHansaError, parseJson } from "#base";
import { Closed, Did, List } from "#protocol";
import { tlsError } from "./errors.ts";
import { readTlsFile, tlsFilesAt } from "./tls-files.ts";

const Milliseconds = Type.Integer({ minimum: 0 });
const Serial = Type.String({ pattern: "^[0-9a-f]{1,40}$" });

const IssuedCertificate = Closed({
  serial: Serial,
  /** Number of the authority that signed it. */
  authority: Type.Integer({ minimum: 1 }),
  kind: Type.Union([Type.Literal("node"), Type.Literal("client")]),
  name: Type.String({ minLength: 1, maxLength: 64 }),
  did: Did,
  admin: Type.Boolean(),
  from: Milliseconds,
  until: Milliseconds,
  /** When it was revoked. */
  revoked: Type.Union([Milliseconds, Type.Null()]),
});
export type IssuedCertificate = Static<typeof IssuedCertificate>;

const Register = Closed({
  version: Type.Literal(1),
  did: Did,
  /** Authorities that are trusted, newest first. */
  authorities: List(Closed({ number: Type.Integer({ minimum: 1 }), from: Milliseconds, until: Milliseconds }), 1, 2),
  /** Names and addresses of the node. */
  hosts: List(Type.String({ minLength: 1, maxLength: 255 }), 1, 32),
  certificates: List(IssuedCertificate, 0, 100_000),
});
export type Register = Static<typeof Register>;

/** @throws HansaError `tls.not-set-up`, `tls.damaged` */
export function readRegister(path: string): Register {
  let value: unknown;
  try {
    value = parseJson(readTlsFile(path), { depth: 8, integers: true });
  } catch (error) {
    if (isHansaError(error) && error.code.startsWith("tls.")) throw error;
    throw tlsError("tls.damaged", `${path} is not strict JSON`, { path }, error);
  }
  if (!Value.Check(Register, value)) {
    const problem = Value.Errors(Register, value).First()?.path ?? "";
    throw tlsError("tls.damaged", `${path} is malformed at ${problem}`, { path, problem });
  }
  return value;
}

export function writeRegister(path: string, register: Register): void {
  replaceFile(path, `${JSON.stringify(register, null, 2)}\n`, 0o600);
}

export function isSetUp(path: string): boolean {
  return existsSync(path);
}

/** Puts a file in another's place in one step: whoever watches sees the old one or the new one, whole. */
export function replaceFile(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  writeFileSync(fresh, text, { flag: "wx", mode, flush: true });
  renameSync(fresh, path);
}

/**
 * What the authority of a home issued; no key is needed for it.
 *
 * @param home - folder
 * @throws HansaError `tls.not-set-up`, `tls.damaged`
 */
export function readTlsRegister(home: string): Register {
  return readRegister(tlsFilesAt(home).register);
}
