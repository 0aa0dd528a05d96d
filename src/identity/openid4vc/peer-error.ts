import { Oauth2ClientErrorResponseError } from "@openid4vc/oauth2";
import { Openid4vciRetrieveCredentialsError } from "@openid4vc/openid4vci";
import type { HansaError } from "#base";
import { causeOf, sentenceOf } from "./callbacks.ts";
import { openidError } from "./errors.ts";

const LONGEST = 300;

/** What went wrong with an issuer or verifier: what it said itself, where it said something. */
export function peerError(error: unknown, what: string): HansaError {
  const own = causeOf(error);
  if (own !== undefined) return own;
  const said = saidBy(error);
  if (said !== undefined) return refusalOf(said, what);
  return openidError("openid.peer", `${what}: ${sentenceOf(error)}`, {}, error);
}

/** A refusal in the words of OAuth. They are the other side's: not more than a line of them is passed on. */
export function refusalOf(said: { error?: unknown; error_description?: unknown }, what: string): HansaError {
  const name = String(said.error).slice(0, 64);
  const detail = typeof said.error_description === "string" ? `: ${said.error_description.slice(0, LONGEST)}` : "";
  return openidError("openid.refused", `${what} was refused, ${name}${detail}`, { error: name });
}

function saidBy(error: unknown): { error: unknown; error_description?: unknown } | undefined {
  if (error instanceof Oauth2ClientErrorResponseError) return error.errorResponse;
  if (!(error instanceof Openid4vciRetrieveCredentialsError)) return undefined;
  const { response } = error;
  const result = "credentialErrorResponseResult" in response ? response.credentialErrorResponseResult : undefined;
  return result?.success === true ? result.data : undefined;
}
