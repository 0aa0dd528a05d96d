/** Chosen claims of a credential with a base proof of `ecdsa-sd-2023` (VC-DI-ECDSA §3.5). */
import type { Json, JsonObject } from "#base";
import { deriveCredential } from "../credentials/data-integrity/ecdsa-sd-2023.ts";
import { isObject } from "../credentials/document-parts.ts";
import type { ClaimPath } from "../sd-jwt/claim-path.ts";
import { covers, formatClaim, leavesOf, pointerOf } from "./claims.ts";
import { refuseUnwanted, walletError } from "./errors.ts";
import type { HeldCredential } from "./held-credential.ts";

/** Members that every derived credential has. */
const ALWAYS = new Set(["@context", "id", "type", "proof"]);

/**
 * A credential with a derived proof that shows what is chosen. With it come what the issuer made mandatory, and ids and types of what the
 * chosen claims are part of.
 *
 * @throws HansaError `wallet.indivisible`, `credentials.*`
 */
export async function deriveChosen(
  { claims, hidden = [] }: HeldCredential,
  chosen: readonly ClaimPath[] | "all",
): Promise<JsonObject> {
  if (chosen === "all") {
    const names = Object.keys(claims).filter((name) => !ALWAYS.has(name));
    return deriveCredential(claims, { selectivePointers: names.map((name) => pointerOf([name])) });
  }
  const isChosen = (leaf: ClaimPath) => chosen.some((path) => covers(path, leaf));
  const places = hidden.filter((leaf) => isChosen(leaf) && isStated(claims, leaf)).map((leaf) => pieceOf(claims, leaf));
  const unwanted = hidden.filter((leaf) => !isChosen(leaf) && places.some((place) => covers(place, leaf)));
  refuseUnwanted(unwanted.map(formatClaim));
  const names = subjectNames(claims).map((leaf) => pieceOf(claims, leaf));
  const pointers = new Set([...places, ...names].map(pointerOf));
  if (pointers.size === 0)
    throw walletError("wallet.claim", "the credential's subject has no name: at least one claim has to be shown");
  return deriveCredential(claims, { selectivePointers: [...pointers] });
}

/** A credential is about somebody (VC Data Model 2.0 §4.8), even where nothing is told of him: his id is always shown. */
function subjectNames({ credentialSubject: subject }: JsonObject): ClaimPath[] {
  const named = (value: Json | undefined) => isObject(value) && typeof value["id"] === "string";
  if (!Array.isArray(subject)) return named(subject) ? [["credentialSubject", "id"]] : [];
  const list = subject as readonly Json[];
  return list.flatMap((value, i) => (named(value) ? [["credentialSubject", i, "id"]] : []));
}

/**
 * The least that can be shown of a place. As RDF an array of one element is that element, and a node of which nothing but its name is told is
 * that name: no pointer leads into either, and they are shown whole.
 */
function pieceOf(claims: JsonObject, leaf: ClaimPath): ClaimPath {
  let value: Json = claims;
  for (const [depth, step] of leaf.entries()) {
    if (Array.isArray(value) && value.length === 1) return leaf.slice(0, depth);
    const isName = step === "id" && depth === leaf.length - 1;
    if (isName && leavesOf(value).every((other) => other[0] === "id" || !isStated(value, other)))
      return leaf.slice(0, depth);
    value = partOf(value, [step]);
  }
  return leaf;
}

/** Whether RDF says anything of a leaf: of nulls and empty arrays it does not. */
function isStated(value: Json, leaf: ClaimPath): boolean {
  const part = partOf(value, leaf);
  return part !== null && !(Array.isArray(part) && part.length === 0);
}

function partOf(value: Json, path: ClaimPath): Json {
  return path.reduce<Json>((inner, step) => (inner as Record<string | number, Json>)[step as string] as Json, value);
}
