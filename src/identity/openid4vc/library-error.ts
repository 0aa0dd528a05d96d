/** Errors of the libraries of OpenID4VC, read by their shape: their classes are loaded with the libraries alone. */
import { HansaError } from "#base";

/** A refusal in the words of OAuth. */
export interface OauthRefusal {
  readonly error: unknown;
  readonly error_description?: unknown;
}

/** What a library threw because we had thrown it. */
export function causeOf(error: unknown): HansaError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof HansaError) return at;
  return undefined;
}

/** A library's sentence, on one line and no longer than a problem's detail should be. */
export function sentenceOf(error: unknown): string {
  const said = (error as { errorResponse?: OauthRefusal } | undefined)?.errorResponse?.error_description;
  const text = typeof said === "string" ? said : error instanceof Error ? error.message : "it is malformed";
  return text.replace(/\s+/g, " ").trim().slice(0, 300);
}

/** What the other side said, at its token or credential endpoint. */
export function refusalIn(error: unknown): OauthRefusal | undefined {
  const { errorResponse, response } = (error ?? {}) as {
    errorResponse?: OauthRefusal;
    response?: { credentialErrorResponseResult?: { success: boolean; data?: OauthRefusal } };
  };
  return errorResponse ?? response?.credentialErrorResponseResult?.data;
}
