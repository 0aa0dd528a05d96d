import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { ConsensusStatus } from "#engines";
import type { GroupService } from "./group-service.ts";

/** What the broker counts. */
export interface BrokerCounts {
  readonly [name: string]: number;
}

/**
 * Prometheus metrics, read off the parts when they are asked for: nothing is counted twice, and a scrape costs what it reads.
 */
export function nodeMetrics(groups: readonly GroupService[], broker: () => BrokerCounts): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "hansa_" });
  const gauge = (name: string, help: string, read: (group: GroupService) => number) =>
    new Gauge({
      name: `hansa_${name}`,
      help,
      labelNames: ["group"],
      registers: [registry],
      collect() {
        for (const group of groups) this.set({ group: group.name }, read(group));
      },
    });
  gauge("ledger_height", "Height of the last committed block", ({ ledger }) => ledger.height);
  gauge("ledger_records", "Records in state", ({ ledger }) => ledger.records);
  gauge("ledger_block_time_seconds", "Time of the last block", ({ ledger }) => (ledger.head?.header.time ?? 0) / 1000);
  gauge("ledger_replay_ids", "Transaction ids remembered against replay", ({ ledger }) => ledger.remembered);
  gauge("engine_running", "1 while the engine takes transactions", ({ engine }) =>
    engine.status().state === "running" ? 1 : 0,
  );
  gauge("engine_waiting", "Transactions that wait for a block", ({ engine }) => engine.status().waiting);
  gauge("engine_blocks_total", "Blocks since the start", ({ engine }) => engine.status().blocks);
  gauge("engine_transactions_total", "Transactions since the start", ({ engine }) => engine.status().transactions);
  gauge("engine_failures_total", "Blocks that could not be stored", ({ engine }) => engine.status().failures);
  gauge("events_appended_total", "Durable events since the start", ({ logs }) => logs.stats().appended);
  gauge("events_failed_total", "Events that could not be stored", ({ logs }) => logs.stats().failed);
  gauge("events_waiting", "Events that wait for the disk", ({ logs }) => logs.stats().waiting);
  gauge("events_commits_total", "Storage transactions of the event logs", ({ logs }) => logs.stats().commits);
  gauge("events_followers", "Live readers over HTTP", ({ logs }) => logs.stats().followers);
  gauge("linkages_active", "Active linkages that this node triggers", ({ hosted }) =>
    hosted.reduce((sum, member) => sum + member.runtime.counts().active, 0),
  );
  gauge("commands_unanswered", "Commands without a receipt", ({ hosted }) =>
    hosted.reduce((sum, member) => sum + member.runtime.counts().unanswered, 0),
  );
  const consensus = (name: string, help: string, read: (status: ConsensusStatus) => number) =>
    new Gauge({
      name: `hansa_consensus_${name}`,
      help,
      labelNames: ["group"],
      registers: [registry],
      collect() {
        for (const group of groups) {
          const status = group.engine.status().consensus;
          if (status !== undefined) this.set({ group: group.name }, read(status));
        }
      },
    });
  consensus("up", "1 while CometBFT runs and answers", ({ up }) => (up ? 1 : 0));
  consensus("catching_up", "1 while the node fetches what others have", ({ catchingUp }) => (catchingUp ? 1 : 0));
  consensus("block_height", "Height of CometBFT's last block, empty ones included", ({ block }) => block);
  consensus("round", "Round of consensus that is under way", ({ round }) => round);
  consensus("peers", "Connected peers", ({ peers }) => peers.length);
  consensus("validator", "1 while the node votes", ({ validator }) => (validator ? 1 : 0));
  consensus("pool", "Bundles in CometBFT's pool", ({ pool }) => pool);
  consensus("block_interval_seconds", "Time between the last two blocks", ({ blockInterval }) => blockInterval / 1000);
  consensus("restarts_total", "Times that CometBFT was started anew", ({ restarts }) => restarts);
  new Gauge({
    name: "hansa_submit_seconds_bucket",
    help: "Transactions whose receipt took at most `le` seconds",
    labelNames: ["group", "le"],
    registers: [registry],
    collect() {
      for (const { name, submission } of groups)
        for (const { atMost, count } of submission.latencies.buckets())
          this.set({ group: name, le: Number.isFinite(atMost) ? String(atMost) : "+Inf" }, count);
    },
  });
  gauge("submit_seconds_sum", "Time that all receipts together took", ({ submission }) => submission.latencies.sum);
  gauge(
    "submit_seconds_count",
    "Receipts given",
    ({ submission }) => submission.latencies.buckets().at(-1)?.count ?? 0,
  );
  new Gauge({
    name: "hansa_mqtt",
    help: "Counts of the MQTT broker",
    labelNames: ["what"],
    registers: [registry],
    collect() {
      for (const [what, count] of Object.entries(broker())) this.set({ what }, count);
    },
  });
  return () => registry.metrics();
}
