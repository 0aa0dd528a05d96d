import type { Json } from "#base";
import type { Engine } from "#engines";
import type { Ledger } from "#ledger";
import type { RecordProof, SignedHeader, TrailProof, ValidatorChange } from "#protocol";
import type { ValidatorPath } from "./validator-path.ts";

/** What proof files are made from, besides records and blocks. */
export interface ProofSource {
  readonly ledger: Ledger;
  readonly engine: Pick<Engine, "certified">;
  /** Engines with a quorum alone. */
  readonly validators?: ValidatorPath;
}

/**
 * Proof file of a record as of the head. Its header's votes come with the engine's next block, so the answer may wait for that; what is
 * proved is the state of the moment it was asked for.
 *
 * @param from - engine height of the validators that the asker trusts already
 */
export async function recordProofOf(source: ProofSource, key: string, from?: number): Promise<RecordProof> {
  const proof = source.ledger.prove(key);
  const signed = await certifiedHeader(source, proof.signed);
  return {
    hansa: "record-proof/1",
    genesis: source.ledger.genesis,
    key,
    signed,
    value: proof.value as Json,
    membership: proof.membership,
    ...(await pathOf(source, signed.header.height, from)),
  };
}

/** Completes a trail proof: whole certificates under its headers, and the way to their validators. */
export async function certifyTrail(source: ProofSource, proof: TrailProof, from?: number): Promise<TrailProof> {
  const headers = await Promise.all(proof.headers.map((signed) => certifiedHeader(source, signed)));
  const oldest = headers[0]?.certificate;
  // Under a header from before the trusted set, the way has to begin where that header's validators are known: at the genesis.
  const reaches = from !== undefined && oldest?.engine === "cometbft" && oldest.block + 1 >= from;
  return { ...proof, headers, ...(await pathOf(source, proof.height, reaches ? from : undefined)) };
}

async function certifiedHeader({ engine }: ProofSource, signed: SignedHeader): Promise<SignedHeader> {
  const { certificate } = signed;
  if (certificate.engine === "solo" || certificate.commit !== undefined) return signed;
  return { header: signed.header, certificate: (await engine.certified(signed.header.height)).certificate };
}

async function pathOf(
  { validators }: ProofSource,
  height: number,
  from: number | undefined,
): Promise<{ validators?: readonly ValidatorChange[] }> {
  if (validators === undefined) return {};
  return { validators: await validators.upTo(height, from) };
}
