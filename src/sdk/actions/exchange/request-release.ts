import { isHansaError } from "#base";
import {
  type Did,
  type GrantAction,
  type GrantResource,
  type NonceAnswer,
  RELEASE_SECONDS,
  type ReleaseAnswer,
  type ReleaseWindow,
  signReleaseRequest,
  type TermsDocument,
} from "#protocol";
import type { Client } from "../../client.ts";
import { sdkError } from "../../errors.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";
import { waitBefore } from "../../wait.ts";
import { createSealingKey, type SealingKeyPair } from "./sealing-key.ts";

export interface ReleaseArgs {
  /** The member that keeps the data; its node is the client's. */
  readonly provider: Did;
  /** Terms of the chain: those of the grant that is used first, the owner's last. */
  readonly terms: readonly TermsDocument[];
  /** What the terms of the grant say, where left out. */
  readonly resource?: GrantResource | undefined;
  readonly purpose?: string | undefined;
  readonly jurisdiction?: string | undefined;
  /** Of a history: seconds since 1970, `to` not included. */
  readonly window?: ReleaseWindow | undefined;
  /** Curve of the key that the data is sealed to (X25519). */
  readonly curve?: "X25519" | "P-256" | undefined;
}

/** A request as it was sent, and what opens its answer. */
export interface SentRelease {
  /** The request's token. */
  readonly request: string;
  readonly key: SealingKeyPair;
}

/** A release that came, still sealed. */
export interface Release extends SentRelease {
  readonly answer: ReleaseAnswer;
}

/**
 * Takes a nonce for a request and signs it. Nothing is released yet.
 *
 * @throws HansaError `sdk.no-signer`
 */
export async function signRelease(
  client: Client,
  args: ReleaseArgs & { readonly action: GrantAction },
  options: CallOptions = {},
): Promise<SentRelease> {
  const party = client.signer;
  if (party === undefined) throw sdkError("sdk.no-signer", "a release is asked for with a signature");
  const group = await groupIdOfClient(client, options.signal);
  const { provider, action, window } = args;
  const [own] = args.terms;
  if (own === undefined) throw sdkError("sdk.release", "a release needs the grant's terms", { problem: "terms" });
  const resource = args.resource ?? own.terms.resource;
  const wanted = { recipient: party.did, provider, resource };
  const [{ nonce }, key] = await Promise.all([
    callJson<NonceAnswer>(client, "exchangeNonce", {
      ...options,
      parameters: { group },
      body: { type: "application/json", content: JSON.stringify(wanted) },
    }),
    createSealingKey(args.curve),
  ]);
  const iat = Math.floor(client.now() / 1000);
  const request = signReleaseRequest(
    {
      iss: party.did,
      aud: provider,
      group,
      nonce,
      terms: [...args.terms],
      resource,
      purpose: args.purpose ?? (own.terms.purposes[0] as string),
      action,
      jurisdiction: args.jurisdiction ?? (own.terms.jurisdictions[0] as string),
      ...(window === undefined ? {} : { window }),
      epk: key.publicKey,
      iat,
      exp: iat + RELEASE_SECONDS,
    },
    party.kid,
    party.signer,
  );
  return { request, key };
}

/**
 * Asks a provider for data under a grant. Where the connection breaks the identical request is sent again: it is counted once, and gets the same
 * answer.
 *
 * @throws HansaError the provider's refusal: `exchange.*`, `grant.*`; `sdk.no-signer`
 * @example
 * ```ts
 * const release = await requestRelease(client, { provider, terms: [document] });
 * const { dataset, receipt } = await openRelease(client, release);
 * await countersignReceipt(client, receipt);
 * ```
 */
export async function requestRelease(client: Client, args: ReleaseArgs, options: CallOptions = {}): Promise<Release> {
  const sent = await signRelease(client, { ...args, action: "read" }, options);
  return { ...sent, answer: await sendRelease(client, sent.request, options) };
}

/** Sends a release request that was signed before. */
export async function sendRelease(client: Client, request: string, options: CallOptions = {}): Promise<ReleaseAnswer> {
  const group = await groupIdOfClient(client, options.signal);
  const body = { type: "application/jwt", content: request };
  for (let attempt = 1; ; attempt++) {
    try {
      return await callJson<ReleaseAnswer>(client, "exchangeRelease", { ...options, parameters: { group }, body });
    } catch (error) {
      const passes = ["sdk.unreachable", "sdk.timeout", "exchange.busy"].some((code) => isHansaError(error, code));
      if (!passes || attempt >= client.retry.attempts || options.signal?.aborted) throw error;
      await waitBefore(attempt, client.retry, options.signal);
    }
  }
}
