/** Refusals as the VC API tells them: our problem document (RFC 9457), with the standards' own names in `problemDetails`. */
import type { CredentialErrorCode } from "#identity";
import type { ProblemDetail } from "#protocol";
import type { Problem } from "./problem.ts";

const MODEL = "https://www.w3.org/TR/vc-data-model#";
const INTEGRITY = "https://w3id.org/security#";
const STATUS = "https://www.w3.org/ns/credentials/status-list#";

/** VC Data Model 2.0 §7.2, VC Data Integrity §4.8, Bitstring Status List §3.5. What they have no name for keeps ours. */
const TYPES: Readonly<Partial<Record<CredentialErrorCode, string>>> = {
  "credentials.document": `${MODEL}MALFORMED_VALUE_ERROR`,
  "credentials.context": `${MODEL}MALFORMED_VALUE_ERROR`,
  "credentials.term": `${MODEL}MALFORMED_VALUE_ERROR`,
  "credentials.disclosure": `${MODEL}MALFORMED_VALUE_ERROR`,
  "credentials.proof": `${INTEGRITY}PROOF_VERIFICATION_ERROR`,
  "credentials.key": `${INTEGRITY}INVALID_VERIFICATION_METHOD`,
  "credentials.challenge": `${INTEGRITY}INVALID_CHALLENGE_ERROR`,
  "credentials.domain": `${INTEGRITY}INVALID_DOMAIN_ERROR`,
  "credentials.signature": `${MODEL}CRYPTOGRAPHIC_SECURITY_ERROR`,
  "credentials.digest": `${MODEL}CRYPTOGRAPHIC_SECURITY_ERROR`,
  "credentials.not-yet": `${MODEL}RANGE_ERROR`,
  "credentials.expired": `${MODEL}RANGE_ERROR`,
  "credentials.status-unknown": `${STATUS}STATUS_VERIFICATION_ERROR`,
  "credentials.unreachable": `${STATUS}STATUS_RETRIEVAL_ERROR`,
};

/** One entry of `problemDetails`. */
export function problemDetail({ body }: Problem): ProblemDetail {
  const code = String(body["code"]);
  const parsing = code.startsWith("json.") ? `${MODEL}PARSING_ERROR` : undefined;
  return {
    type: parsing ?? TYPES[code as CredentialErrorCode] ?? String(body["type"]),
    title: String(body["title"]),
    detail: String(body["detail"]),
    code,
  };
}

/** The problem of something that was to be verified, and does not hold. */
export function refutation(problem: Problem): Problem {
  const detail = problemDetail(problem);
  return {
    status: problem.status,
    body: {
      ...problem.body,
      verified: false,
      problemDetails: [detail],
      warnings: [],
      errors: [`${detail.code}: ${detail.detail}`],
    },
  };
}
