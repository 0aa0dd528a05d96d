import { decodeBase64Url, encodeHex } from "#base";
import type { PeerGate, StateSync } from "#engines";
import { type Genesis, type SignedHeader, type ValidatorChange, verifyCertified } from "#protocol";
import { nodeError } from "./errors.ts";
import type { Log } from "./log.ts";
import { askPeer, type PeerHead } from "./peer-messages.ts";

/** Grounds on which a node without history may begin from a snapshot. */
export interface SyncGrounds {
  readonly stateSync: StateSync;
  /** The way from the genesis's validators to those of the snapshot: checked. */
  readonly validators: readonly ValidatorChange[];
}

/** CometBFT wants to know how long it may trust what we checked ourselves just now: longer than any catching up takes. */
const TRUST_SECONDS = 14 * 86_400;

/**
 * Asks peers for a snapshot, and checks the header it stands under from the genesis's validators on, before CometBFT hears of it: what
 * is trusted follows from the group's id, and from nothing that a peer says.
 *
 * @returns `undefined` where no peer has a snapshot: then blocks are fetched from the first on
 * @throws HansaError `node.untrusted-head` where peers have snapshots and none is of this group's validators
 */
export async function findSyncGrounds(options: {
  readonly genesis: Genesis;
  readonly gate: PeerGate;
  readonly peers: readonly { readonly node: string }[];
  readonly log: Log;
}): Promise<SyncGrounds | undefined> {
  const { genesis, gate, peers, log } = options;
  const lights: string[] = [];
  let best: { readonly signed: SignedHeader; readonly validators: readonly ValidatorChange[] } | undefined;
  let offered = 0;
  const heads = await Promise.allSettled(
    peers.map(async ({ node }) => ({
      node,
      head: (await askPeer((payload) => gate.request(node, payload), {
        kind: "snapshot",
      })) as unknown as PeerHead | null,
    })),
  );
  for (const result of heads) {
    if (result.status === "rejected") continue;
    const { node, head } = result.value;
    if (head === null) continue;
    offered++;
    try {
      verifyCertified(genesis, head.signed, head.validators);
    } catch (error) {
      log.warn({ node, cause: String(error) }, "a peer's snapshot does not follow from the genesis");
      continue;
    }
    lights.push(gate.lightUrl(node));
    if (best === undefined || head.signed.header.height > best.signed.header.height) best = head;
  }
  if (best === undefined) {
    if (offered === 0) return undefined;
    throw nodeError("node.untrusted-head", "no snapshot that peers offer follows from the genesis's validators");
  }
  const { certificate } = best.signed;
  if (certificate.engine !== "cometbft" || certificate.header === undefined || certificate.commit === undefined)
    throw nodeError("node.untrusted-head", "a snapshot stands under a header without votes");
  const [first] = lights;
  return {
    stateSync: {
      // CometBFT wants two to compare; with one peer it compares that one with itself, and what counts was checked above.
      rpcServers: lights.length > 1 || first === undefined ? lights : [first, first],
      trustHeight: certificate.header.height,
      trustHash: encodeHex(decodeBase64Url(certificate.commit.blockId.hash) ?? new Uint8Array()),
      trustPeriod: TRUST_SECONDS,
    },
    validators: best.validators,
  };
}
