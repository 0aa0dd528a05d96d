/** The engine over the real program, with one validator: north. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeUtf8, systemClock } from "#base";
import { sha256, verifySignature } from "#crypto";
import { groupIdOf } from "#protocol";
import { cometEngine, genesisOf, nodeOf, north } from "../../ledger/alliance.suite.ts";
import type { EngineKind, EngineParts } from "../engine.suite.ts";
import { CometEngine } from "./comet-engine.ts";
import type { CometEngineOptions } from "./options.ts";
import { CometProcess } from "./process/comet-process.ts";
import { ENGINE } from "./process/process.suite.ts";
import type { CometPeer } from "./process/process-options.ts";

const NODE = nodeOf(north);
export const GENESIS = genesisOf({}, cometEngine([NODE]));

/** The process for an engine in a folder. */
export function processIn(
  folder: string,
  genesis = GENESIS,
  node = NODE,
  peers: () => readonly CometPeer[] = () => [],
): CometProcess {
  const votes = join(folder, "votes");
  return new CometProcess({
    binary: ENGINE?.path ?? "cometbft",
    folder: join(folder, "comet"),
    genesis,
    groupId: groupIdOf(genesis),
    // The seed of this actor's key.
    nodeSeed: sha256(encodeUtf8(`hansa test ${node.peer.name}`)),
    signer: node.voter.signer,
    voteState: {
      read: () => (existsSync(votes) ? readFileSync(votes) : undefined),
      write: (bytes) => writeFileSync(votes, bytes, { flush: true }),
    },
    peers,
    moniker: "test",
    timing: { commit: 10 },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    clock: systemClock,
  });
}

export function cometKind(changes: Partial<CometEngineOptions> = {}, genesis = GENESIS): EngineKind {
  return {
    genesis,
    make: ({ ledger, folder, onFailure, waiting }: EngineParts) => {
      const limits = waiting === undefined ? {} : { waiting };
      const engine = new CometEngine({
        ledger,
        clock: systemClock,
        verify: async (checks) => checks.every(({ key, input, signature }) => verifySignature(key, input, signature)),
        process: processIn(folder),
        admits: () => false,
        onFailure,
        ...limits,
        ...changes,
      });
      return { engine, clock: systemClock, pass: () => {} };
    },
  };
}
