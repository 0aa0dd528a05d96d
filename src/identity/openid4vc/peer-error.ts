import type { HansaError } from "#base";
import { openidError } from "./errors.ts";
import { causeOf, type OauthRefusal, refusalIn, sentenceOf } from "./library-error.ts";

const LONGEST = 300;

/** What went wrong with an issuer or verifier: what it said itself, where it said something. */
export function peerError(error: unknown, what: string): HansaError {
  const own = causeOf(error);
  if (own !== undefined) return own;
  const said = refusalIn(error);
  if (said !== undefined) return refusalOf(said, what);
  return openidError("openid.peer", `${what}: ${sentenceOf(error)}`, {}, error);
}

/** A refusal in the words of OAuth. They are the other side's: not more than a line of them is passed on. */
export function refusalOf(said: OauthRefusal, what: string): HansaError {
  const name = String(said.error).slice(0, 64);
  const detail = typeof said.error_description === "string" ? `: ${said.error_description.slice(0, LONGEST)}` : "";
  return openidError("openid.refused", `${what} was refused, ${name}${detail}`, { error: name });
}
