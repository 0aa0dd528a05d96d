import type {
  RequestCheckTx,
  RequestFinalizeBlock,
  RequestInfo,
  RequestInitChain,
  RequestPrepareProposal,
  RequestProcessProposal,
  RequestQuery,
  ResponseCheckTx,
  ResponseCommit,
  ResponseFinalizeBlock,
  ResponseInfo,
  ResponseInitChain,
  ResponsePrepareProposal,
  ResponseProcessProposal,
  ResponseQuery,
} from "cosmjs-types/tendermint/abci/types";
import type { SnapshotCalls } from "./snapshot-calls.ts";

type Answer<Value> = Value | Promise<Value>;

/** What CometBFT asks of the state machine. Whatever throws is a fault of ours: CometBFT is told so and ends. */
export interface AbciApplication {
  info(request: RequestInfo): Answer<ResponseInfo>;
  initChain(request: RequestInitChain): Answer<ResponseInitChain>;
  query(request: RequestQuery): Answer<ResponseQuery>;
  checkTx(request: RequestCheckTx): Answer<ResponseCheckTx>;
  prepareProposal(request: RequestPrepareProposal): Answer<ResponsePrepareProposal>;
  processProposal(request: RequestProcessProposal): Answer<ResponseProcessProposal>;
  finalizeBlock(request: RequestFinalizeBlock): Answer<ResponseFinalizeBlock>;
  commit(): Answer<ResponseCommit>;
  readonly snapshots: SnapshotCalls;
}

/** The process that asked has ended, and another one begins anew: no fault, and nobody to answer. */
export class VoidError extends Error {
  override readonly name = "VoidError";
}
