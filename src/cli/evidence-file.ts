/** Proof files of evidence: where they lie, and what they say. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { type ProofTrust, protocolError } from "#protocol";
import { checkEvidenceProof, type EvidenceProof, type VerifiedEvidence } from "#sdk";
import type { Answer } from "./command.ts";
import { cliError } from "./errors.ts";
import { readBytes } from "./home/files.ts";
import type { Shell } from "./shell.ts";
import { COMPARE_GROUP, describeVouched, isTrusted } from "./vouched.ts";

const SUFFIX = ".evidence.json";
const ROOT = /^[A-Za-z0-9_-]{43}$/;

/**
 * Where the proofs of documents are written: beside each, or in a folder.
 *
 * @throws HansaError `cli.file-exists` where one stands there, or two would be the same: before any is written
 */
export function placesOfProofs(shell: Shell, names: readonly string[], folder: string | undefined): string[] {
  const places = names.map((name) =>
    folder === undefined ? shell.path(name + SUFFIX) : join(shell.path(folder), basename(name) + SUFFIX),
  );
  const seen = new Set<string>();
  for (const path of places) {
    if (seen.has(path) || existsSync(path))
      throw cliError("cli.file-exists", `${path} exists already, or two documents are called alike`, { path });
    seen.add(path);
  }
  return places;
}

/** A proof file, its path to the root checked. */
export function readEvidenceProof(shell: Shell, file: string): EvidenceProof {
  return checkEvidenceProof(readBytes(shell.path(file)));
}

/** What a text means: a root itself, or a proof file, which also names its document. */
export function evidenceOf(shell: Shell, text: string): { readonly root: string; readonly index?: number } {
  if (ROOT.test(text) && !existsSync(shell.path(text))) return { root: text };
  const { root, path } = readEvidenceProof(shell, text);
  return { root, index: path.index };
}

/**
 * Shows what a verified evidence proof says.
 *
 * @param trust - what the verifier trusts beforehand
 * @throws HansaError `proof.revoked`: who only looks at the exit code must not take it for good
 */
export function showEvidence(shell: Shell, verified: VerifiedEvidence, trust: ProofTrust): Answer {
  const { evidence, revoked, index } = verified;
  if (revoked !== null)
    throw protocolError("proof.revoked", `${revoked.by} revoked it at ${shell.time(revoked.at)}`, { ...revoked });
  const trusted = isTrusted(shell, trust, verified.group);
  const signers = evidence.signers.map(({ did, at }) =>
    at === null ? `${shell.id(did)} (not yet)` : `${shell.id(did)} (${shell.time(at)})`,
  );
  const fields = shell.fields([
    ["document", verified.document],
    ["anchored", `${shell.time(evidence.at)}, as number ${index} of ${evidence.size}`],
    ["root", verified.root],
    evidence.note === null ? undefined : ["note", shell.value(evidence.note)],
    ["signed by", signers.join(", ")],
    [
      "revoked",
      verified.revocationShown
        ? "no"
        : "the root is not; the file does not show whether this document alone is: `hansa evidence prove` adds it",
    ],
    ["as of", `block ${verified.height}, ${shell.time(verified.time)}`],
    ["group", verified.group],
    ["vouched for by", describeVouched(verified.vouched, trust.trusted !== undefined)],
  ]);
  const warning = trusted ? "" : `\n\n${shell.paint("yellow", COMPARE_GROUP)}`;
  return {
    json: { holds: true, trusted, ...verified },
    text: `${shell.paint("green", "holds")}\n${fields}${warning}`,
  };
}
