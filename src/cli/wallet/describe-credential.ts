/** How a credential of the wallet is shown. */
import { compareText } from "#base";
import type { ClaimPath, StoredCredential } from "#identity";
import type { Shell } from "../shell.ts";

/** Names of formats, for people. */
const FORMATS: Readonly<Record<StoredCredential["format"], string>> = {
  ldp_vc: "Data Integrity",
  jwt_vc_json: "JOSE",
  "dc+sd-jwt": "SD-JWT VC",
  "vc+sd-jwt": "SD-JWT",
};

/** Types but for the one that every credential has. */
export function typesText({ types }: Pick<StoredCredential, "types">): string {
  const own = types.filter((type) => type !== "VerifiableCredential");
  return (own.length === 0 ? types : own).join(", ");
}

/** A credential without its text and claims, for programs. */
export function summaryOf(held: StoredCredential) {
  const { id, format, types, issuer, subjects, received, validFrom, validUntil, hidden } = held;
  const times = { validFrom: validFrom ?? null, validUntil: validUntil ?? null };
  return { id, format, types, issuer, subjects, received, ...times, selective: hidden !== undefined };
}

export function credentialFields(shell: Shell, held: StoredCredential): string {
  const { id, format, issuer, subjects, received, validFrom, validUntil, hidden } = held;
  return shell.fields([
    ["credential", id],
    ["type", shell.value(typesText(held))],
    ["issuer", shell.id(shell.value(issuer))],
    subjects.length === 0 ? undefined : ["about", subjects.map((subject) => shell.id(shell.value(subject))).join(", ")],
    ["format", FORMATS[format]],
    ["shows", hidden === undefined ? "all claims or none" : "chosen claims"],
    validFrom === undefined ? undefined : ["valid from", shell.time(validFrom)],
    validUntil === undefined ? undefined : ["valid until", shell.time(validUntil)],
    ["received", shell.time(received)],
  ]);
}

/** Claims of a credential's own plumbing: what it is signed by, how long, bound to which key. */
const PLUMBING = new Set(["@context", "proof", "_sd_alg", "cnf", "iss", "iat", "nbf", "exp", "vct", "status"]);

/** Whether a claim says something of somebody. */
export function isClaim([first]: ClaimPath): boolean {
  return typeof first === "string" && !PLUMBING.has(first);
}

/** What a credential says, claim by claim, in order: an SD-JWT has its claims in none. */
export async function claimsOf({ claims, hidden = [] }: StoredCredential) {
  const { formatClaim, leavesOf } = await import("#identity");
  return leavesOf(claims)
    .filter(isClaim)
    .map((path) => ({
      claim: formatClaim(path),
      value: path.reduce<unknown>((inner, step) => (inner as Record<string, unknown>)[step as string], claims),
      optional: hidden.some((place) => place.length <= path.length && place.every((step, i) => step === path[i])),
    }))
    .sort((a, b) => compareText(a.claim, b.claim));
}
