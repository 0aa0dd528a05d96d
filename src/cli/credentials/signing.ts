/** Keys of the home as issuers and holders of credentials. */
import type { JsonObject } from "#base";
import { type CredentialSigner, credentialSigner } from "#identity";
import { cliError } from "../errors.ts";
import { readJsonFile, writeNewFile } from "../home/files.ts";
import type { Shell } from "../shell.ts";

/** What each kind of key signs credentials with, where nobody says. */
const USUAL = { Ed25519: "eddsa-rdfc-2022", "P-256": "ecdsa-rdfc-2019" } as const;

/** Cryptosuites that the command line offers. */
export const SUITES = [
  "eddsa-rdfc-2022",
  "eddsa-jcs-2022",
  "ecdsa-rdfc-2019",
  "ecdsa-jcs-2019",
  "ecdsa-sd-2023",
] as const;
export type SuiteName = (typeof SUITES)[number];

/**
 * The signer of `--as`.
 *
 * @param didKey - speaks as the `did:key` of the key, and not as the identity's own DID
 */
export async function signerOf(shell: Shell, didKey: boolean): Promise<CredentialSigner> {
  const { did, kid, signer } = await shell.party();
  return didKey ? credentialSigner(signer) : credentialSigner(signer, { id: kid, controller: did });
}

/** @throws HansaError `cli.argument` where the key signs with none */
export function suiteFor({ algorithm }: CredentialSigner, wanted: SuiteName | undefined): string {
  const suite = wanted ?? (algorithm === "Ed25519" || algorithm === "P-256" ? USUAL[algorithm] : undefined);
  if (suite === undefined)
    throw cliError("cli.argument", `a key of ${algorithm} signs credentials as JWT alone: --format jwt`, { algorithm });
  return suite;
}

/** A credential or presentation in a file, or on standard input for `-`. @throws HansaError `cli.file-malformed` */
export async function readDocument(shell: Shell, file: string): Promise<JsonObject> {
  const value = file === "-" ? (JSON.parse(await shell.readText(file)) as unknown) : readJsonFile(shell.path(file));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw cliError("cli.file-malformed", `${file} holds no JSON object`, { path: file });
  return value as JsonObject;
}

/** Hands a document out: into a new file, or printed. */
export function handOutDocument(shell: Shell, document: JsonObject, out: string | undefined, said: string) {
  const text = JSON.stringify(document, null, 2);
  if (out === undefined || out === "-") return { json: document, text };
  writeNewFile(shell.path(out), `${text}\n`);
  return { json: document, text: `${out}: ${said}` };
}
