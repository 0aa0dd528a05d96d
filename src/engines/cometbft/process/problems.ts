import type { ProcessProblem } from "./process-options.ts";

type Kind = ProcessProblem["kind"];

const REJOIN =
  "Keep the key file. Restore this member from a backup, or let the node begin anew and catch up from the others: docs/guide/engine.md.";

/** What CometBFT v0.38 and its database say when something is wrong that a restart does not mend. The first that fits counts. */
const SIGNS: readonly {
  readonly kind: Kind;
  readonly signs: RegExp;
  readonly meaning: string;
  readonly advice: string;
}[] = [
  {
    kind: "disk-full",
    signs: /no space left on device|disk quota exceeded/i,
    meaning: "The disk is full.",
    advice: "Make room; the engine starts again by itself.",
  },
  {
    kind: "in-use",
    signs: /resource temporarily unavailable|address already in use/i,
    meaning: "Another process holds the engine's folder or its port.",
    advice: "Look for another `cometbft` with this home, or a second node on this folder, and end it.",
  },
  {
    kind: "ahead",
    signs: /app block height \(\d+\) is higher than core/,
    meaning: "The ledger is ahead of the engine's own blocks: they were lost or are of an older backup.",
    advice: REJOIN,
  },
  {
    kind: "behind",
    signs: /app block height \(\d+\) is too far below block store base/,
    meaning: "The ledger is older than the first block that the engine still has.",
    advice: REJOIN,
  },
  {
    kind: "diverged",
    // The same words about a proposal speak of whoever proposed it.
    signs:
      /AppHash does not match|does not match app's AppHash|(CONSENSUS FAILURE|Error in validation|panic:).*wrong Block\.Header\.(AppHash|LastResultsHash)/,
    meaning: "Executing a block gave another state than the members agreed on.",
    advice: `Do not rely on this node: compare its version with the others', run \`hansa ledger replay\`, and report it. ${REJOIN}`,
  },
  {
    kind: "damaged",
    signs:
      /corrupt|checksums? (do not|mismatch)|StateBlockHeight \(\d+\) > StoreBlockHeight|StoreBlockHeight \(\d+\) > StateBlockHeight/i,
    meaning: "Files of the engine are damaged.",
    advice: `Check disk and memory. A damaged write-ahead log of the last height mends itself at the next start. ${REJOIN}`,
  },
  {
    kind: "halted",
    signs: /CONSENSUS FAILURE/,
    meaning: "Consensus stopped on this node because something happened that must not.",
    advice: "The engine is started anew. Where it stops again, keep the files and report the line.",
  },
  {
    kind: "clock",
    signs: /Genesis time is in the future/,
    meaning: "By this machine's clock the group does not exist yet: the engine waits for the time of its genesis.",
    advice: "Set the clock right (`timedatectl`, NTP) and start the node anew.",
  },
  {
    kind: "refused",
    signs: /error in config file|error in genesis doc|can't get pubkey|failed to load or gen node key/,
    meaning: "The engine did not take its configuration, genesis, keys or signer.",
    advice:
      "See what the line says. Another version of `cometbft` than the pinned one may be in use: `hansa engine status`.",
  },
];

/** Whether the process says that it takes part in consensus no more. It goes on running all the same, and answers as if nothing were. */
export function endsConsensus(line: string): boolean {
  return line.includes("CONSENSUS FAILURE");
}

/** What a line of the process's log says is wrong, where it is one of the known troubles. */
export function recognise(line: string): ProcessProblem | undefined {
  const found = SIGNS.find(({ signs }) => signs.test(line));
  return found && { kind: found.kind, meaning: found.meaning, advice: found.advice, line };
}
