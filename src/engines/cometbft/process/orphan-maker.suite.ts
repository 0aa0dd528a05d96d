/** Run as a process of its own and killed: leaves a CometBFT behind in the folder that is its argument. */
import { dirname, join } from "node:path";
import { fileStore, heightOf, makeNode, makeProcess, until } from "./process.suite.ts";

const folder = process.argv[2] as string;
const { comet, options } = makeProcess(
  folder,
  { voteState: fileStore(join(folder, "votes")) },
  makeNode(Buffer.alloc(32, 1), Buffer.alloc(32, 2)),
);
await comet.start();
await until(async () => ((await heightOf(comet.rpcSocket)) ?? 0) > 0 || undefined);
const told = { pid: comet.status().pid, run: dirname(comet.rpcSocket), genesis: options.genesis };
process.stdout.write(`${JSON.stringify(told)}\n`);
// Timers of ours do not hold the process; the one who started it kills it.
setInterval(() => {}, 1000);
