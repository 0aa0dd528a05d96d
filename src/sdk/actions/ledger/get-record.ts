import type { RecordProof, Vouched } from "#protocol";
import type { StateRecord } from "../../answers.ts";
import type { Client } from "../../client.ts";
import { sdkError } from "../../errors.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/** A record whose proof was checked: the node could not have made it up. */
export interface VerifiedRecord extends StateRecord {
  readonly verified: true;
  /** Block time, milliseconds. */
  readonly time: number;
  readonly vouched: Vouched;
}

/**
 * One record of state by its key; `value` is `null` where there is none.
 *
 * With `verified` the node has to prove it: the record, or its absence, under a header that the group's engine vouches for, from the
 * genesis that the group's id names. What is verified is never older than what this client verified before.
 *
 * @param args.height - as of the end of this block; now, where left out
 * @param args.verified - checks the answer with the client's verifier
 * @throws HansaError with `verified` also `sdk.no-trust`, `sdk.not-provable`, `sdk.went-back`, `sdk.forked`, `proof.*`
 * @example
 * ```ts
 * const { value } = await getRecord(client, { key, verified: true });
 * ```
 */
export async function getRecord(
  client: Client,
  args: { readonly key: string; readonly verified: true; readonly height?: undefined },
  options?: CallOptions,
): Promise<VerifiedRecord>;
export async function getRecord(
  client: Client,
  args: { readonly key: string; readonly height?: number | undefined; readonly verified?: false | undefined },
  options?: CallOptions,
): Promise<StateRecord>;
export async function getRecord(
  client: Client,
  args: { readonly key: string; readonly height?: number | undefined; readonly verified?: boolean | undefined },
  options: CallOptions = {},
): Promise<StateRecord | VerifiedRecord> {
  if (args.verified === true) return getVerified(client, args.key, args.height, options);
  const group = await groupIdOfClient(client, options.signal);
  const query = { key: args.key, height: args.height };
  return callJson<StateRecord>(client, "record", { ...options, parameters: { group }, query });
}

async function getVerified(
  client: Client,
  key: string,
  height: number | undefined,
  options: CallOptions,
): Promise<VerifiedRecord> {
  const { verifier } = client;
  // A name is the node's word for a genesis: whoever asks a node what to hold it against checks nothing.
  if (verifier === undefined) throw sdkError("sdk.no-trust", "the client has no group's id to verify against");
  if (height !== undefined)
    throw sdkError("sdk.not-provable", `block ${height} is not the newest: what it held cannot be proved`, { height });
  const check = verifier.begin();
  const parameters = { group: verifier.state.trust };
  const query = { key, proof: "1", from: check.from };
  const proof = await callJson<RecordProof>(client, "record", { ...options, parameters, query });
  const { kind, records, height: at, time, vouched } = check.verify(proof);
  const [record] = records;
  if (kind !== "record" || record?.key !== key)
    throw sdkError("sdk.answer", "the node proved something else than was asked for", {
      key,
      proved: record?.key ?? null,
    });
  return { key, value: record.value, height: at, verified: true, time, vouched };
}
