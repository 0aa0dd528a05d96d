/** What a DCQL query asks of a wallet (OpenID for Verifiable Presentations 1.0 §6), and which of its credentials answer it. */
import { type DcqlCredential, DcqlQuery } from "dcql";
import type { Json } from "#base";
import type { ClaimPath } from "../sd-jwt/claim-path.ts";
import { walletError } from "./errors.ts";
import { expandTypes } from "./expand-types.ts";
import type { HeldCredential } from "./held-credential.ts";
import { holderKeyOf } from "./holder-key.ts";
import type { WalletKey } from "./wallet-keys.ts";

const LIMITS = { characters: 64 * 1024, credentials: 32, claims: 128, sets: 32 };

/** A credential that answers a part of a query, and what that part wants to see of it. */
export interface QueryMatch {
  readonly credential: HeldCredential;
  /** The first of the verifier's sets of claims that the credential has. None: only what nobody can keep back. */
  readonly claims: readonly ClaimPath[];
}

/** One part of a query. */
export interface WantedCredential {
  /** Name of the part in the query. */
  readonly id: string;
  /** Whether several credentials may answer it. */
  readonly multiple: boolean;
  /** Whether a proof of the holder's key is wanted. */
  readonly bound: boolean;
  readonly matches: readonly QueryMatch[];
}

/** What a query comes to. */
export interface QueryAnswer {
  /** Whether everything that has to be shown can be. */
  readonly satisfied: boolean;
  readonly wanted: readonly WantedCredential[];
  /** What has to be answered: of each set, all parts of one option. */
  readonly sets: readonly (readonly (readonly string[])[])[];
  /** Parts that are answered where nobody chooses: as few as will do. Optional sets are left out. */
  readonly needed: readonly string[];
  /** Parts that have to be answered and cannot be. */
  readonly missing: readonly string[];
}

/**
 * Parses a DCQL query.
 *
 * @throws HansaError `wallet.query`
 */
export function parseQuery(query: Json): DcqlQuery {
  if (JSON.stringify(query).length > LIMITS.characters)
    throw refuse(`it is longer than ${LIMITS.characters} characters`);
  let parsed: DcqlQuery;
  try {
    parsed = DcqlQuery.parse(query as DcqlQuery.Input);
    DcqlQuery.validate(parsed);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message.slice(0, 300) : "it is malformed");
  }
  const { credentials, credential_sets: sets } = parsed;
  if (credentials.length > LIMITS.credentials) throw refuse(`it asks for more than ${LIMITS.credentials} credentials`);
  if ((sets?.length ?? 0) > LIMITS.sets) throw refuse(`it has more than ${LIMITS.sets} sets of credentials`);
  for (const { claims } of credentials)
    if ((claims?.length ?? 0) > LIMITS.claims) throw refuse(`it asks for more than ${LIMITS.claims} claims of one`);
  return parsed;
}

function refuse(problem: string) {
  return walletError("wallet.query", `the request is no DCQL query: ${problem}`, { problem });
}

/** Finds what answers a query, among credentials and with keys that are at hand. */
export function matchQuery(query: DcqlQuery, held: readonly HeldCredential[], keys: readonly WalletKey[]): QueryAnswer {
  const result = DcqlQuery.query(
    query,
    held.map((credential) => describe(credential, keys)),
  );
  const wanted = query.credentials.map((part): WantedCredential => {
    const found = result.credential_matches[part.id];
    const matches = (found?.valid_credentials ?? []).map((match): QueryMatch => {
      // In the verifier's order of preference: the first set that the credential has.
      const indexes = match.claims.valid_claim_sets[0].valid_claim_indexes ?? [];
      const claims = indexes.map((index) => pathOf(part.claims?.[index]));
      return { credential: held[match.input_credential_index] as HeldCredential, claims };
    });
    return { id: part.id, multiple: part.multiple, bound: part.require_cryptographic_holder_binding, matches };
  });
  const has = (id: string) => wanted.some((part) => part.id === id && part.matches.length > 0);
  const required = query.credential_sets?.filter((set) => set.required).map(({ options }) => options);
  const sets = required ?? [[query.credentials.map(({ id }) => id)]];
  const choices = sets.map((options) => options.find((option) => option.every(has)) ?? options[0] ?? []);
  const needed = [...new Set(choices.flat())];
  const missing = needed.filter((id) => !has(id));
  return { satisfied: missing.length === 0, wanted, sets, needed, missing };
}

/** A claims path; of ISO mdoc, which no wallet here holds, there is none. */
function pathOf(claim: object | undefined): ClaimPath {
  return claim !== undefined && "path" in claim ? (claim.path as ClaimPath) : [];
}

function describe(held: HeldCredential, keys: readonly WalletKey[]): DcqlCredential {
  const { format, types, claims } = held;
  const common = {
    cryptographic_holder_binding: holderKeyOf(held, keys) !== undefined,
    claims: claims as Record<string, never>,
  };
  if (format === "dc+sd-jwt") return { ...common, credential_format: format, vct: types[0] as string };
  return { ...common, credential_format: format, type: expandTypes(claims) };
}
