/** Bare CometBFT nodes with its built-in `kvstore`, configured as Hansa configures them: what consensus alone can do on this machine. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#base";
import { createSigner, encodeMultikey, type Signer } from "#crypto";
import { CometProcess, findCometbft } from "#engines";
import { checkGenesis, cometAddress, DEFAULT_PARAMETERS, didOf, type Genesis, groupIdOf } from "#protocol";

export interface BareNetwork {
  /** Sends transactions to all nodes in turn, `batch` at once; answers how many a second were committed. */
  commitRate(transactions: readonly string[], batch: number): Promise<number>;
  /** Milliseconds from a transaction's submission to its block, one after the other. */
  latencies(transactions: readonly string[]): Promise<number[]>;
  /** Processes of the nodes. */
  pids(): number[];
  stop(): Promise<void>;
}

const keyOf = (signer: Signer) => ({ algorithm: signer.algorithm, bytes: signer.publicKey });

export async function startBareNetwork(count: number): Promise<BareNetwork> {
  const folder = mkdtempSync(join(tmpdir(), "hansa-bench-comet-"));
  const { path: binary } = await findCometbft(process.env);
  const nodes = Array.from({ length: count }, () => ({
    seed: randomBytes(32),
    signer: createSigner("Ed25519"),
    member: createSigner("Ed25519"),
  }));
  const nodeKeys = nodes.map(({ seed }) => keyOf(createSigner("Ed25519", seed)));
  const genesis: Genesis = checkGenesis({
    version: 1,
    alliance: "bench",
    group: "bare",
    time: Date.now(),
    engine: {
      kind: "cometbft",
      validators: nodes.map(({ signer, member }, i) => ({
        member: didOf("bench", keyOf(member)),
        node: encodeMultikey(nodeKeys[i] as (typeof nodeKeys)[number]),
        key: encodeMultikey(keyOf(signer)),
        address: `127.0.0.1:${20_000 + i}`,
        power: 1,
      })),
    },
    members: nodes.map(({ member }, i) => ({
      did: didOf("bench", keyOf(member)),
      name: `member ${i}`,
      roles: ["platform"],
      publicKey: encodeMultikey(keyOf(member)),
    })),
    parameters: DEFAULT_PARAMETERS,
  });
  const quiet = { info() {}, warn() {}, error() {} };
  const processes: CometProcess[] = nodes.map(({ seed, signer }, i) => {
    let votes: Uint8Array | undefined;
    return new CometProcess({
      binary,
      folder: join(folder, String(i)),
      genesis,
      groupId: groupIdOf(genesis),
      nodeSeed: seed,
      signer,
      voteState: {
        read: () => votes,
        write: (bytes) => {
          votes = bytes;
        },
      },
      peers: () =>
        processes.flatMap((other, j) =>
          j === i || other.p2pPort === 0
            ? []
            : [
                {
                  node: cometAddress(nodeKeys[j] as (typeof nodeKeys)[number]),
                  host: "127.0.0.1",
                  port: other.p2pPort,
                },
              ],
        ),
      moniker: `bare-${i}`,
      builtIn: "kvstore",
      log: quiet,
      clock: systemClock,
    });
  });
  for (const one of processes) await one.start();
  const sockets = processes.map(({ rpcSocket }) => rpcSocket);
  await until(async () => {
    const connected = await Promise.all(
      sockets.map((socket) =>
        call(socket, "net_info", {}).then(
          (answer) => Number((answer as { n_peers: string }).n_peers),
          () => 0,
        ),
      ),
    );
    return connected.every((peers) => peers >= Math.min(count - 1, 2));
  });
  const first = sockets[0] as string;
  const height = async () =>
    Number(
      ((await call(first, "status", {})) as { sync_info: { latest_block_height: string } }).sync_info
        .latest_block_height,
    );
  const committed = async (from: number, to: number) => {
    let sum = 0;
    for (let low = from; low <= to; low += 20) {
      const answer = (await call(first, "blockchain", {
        minHeight: String(low),
        maxHeight: String(Math.min(to, low + 19)),
      })) as { block_metas: { num_txs: string }[] };
      for (const meta of answer.block_metas) sum += Number(meta.num_txs);
    }
    return sum;
  };
  return {
    async commitRate(transactions, batch) {
      let counted = await height();
      let done = 0;
      const began = performance.now();
      const follow = async () => {
        const now = await height();
        if (now > counted) done += await committed(counted + 1, now);
        counted = now;
      };
      // Every node has its own sender; none of them has more than the pool takes.
      const senders = sockets.map(async (socket, i) => {
        const own = transactions.filter((_, j) => j % sockets.length === i);
        for (let from = 0; from < own.length; from += batch)
          await callMany(
            socket,
            own.slice(from, from + batch).map((tx) => ({ method: "broadcast_tx_async", params: { tx } })),
          );
      });
      await Promise.all(senders);
      await until(async () => {
        await follow();
        return done >= transactions.length;
      });
      return (transactions.length * 1000) / (performance.now() - began);
    },
    async latencies(transactions) {
      const found: number[] = [];
      for (const tx of transactions) {
        const before = await height();
        const began = performance.now();
        await call(first, "broadcast_tx_async", { tx });
        let seen = before;
        await until(async () => {
          const now = await height();
          const held = now > seen && (await committed(seen + 1, now)) > 0;
          seen = now;
          return held;
        }, 2);
        found.push(performance.now() - began);
      }
      return found.sort((a, b) => a - b);
    },
    pids: () => processes.flatMap((one) => one.status().pid ?? []),
    async stop() {
      await Promise.all(processes.map((one) => one.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function until(holds: () => Promise<boolean>, pause = 20): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, pause));
}

interface RpcCall {
  readonly method: string;
  readonly params: object;
}

async function call(socket: string, method: string, params: object): Promise<unknown> {
  const [answer] = await callMany(socket, [{ method, params }]);
  return answer;
}

function callMany(socketPath: string, calls: readonly RpcCall[]): Promise<unknown[]> {
  const body = JSON.stringify(calls.map((one, id) => ({ jsonrpc: "2.0", id, ...one })));
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath,
        method: "POST",
        path: "/",
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => {
          try {
            const found = JSON.parse(Buffer.concat(parts).toString("utf8")) as { result?: unknown; error?: unknown }[];
            const list = Array.isArray(found) ? found : [found as { result?: unknown; error?: unknown }];
            const failed = list.find(({ error }) => error !== undefined);
            if (failed !== undefined) reject(new Error(JSON.stringify(failed.error)));
            else resolve(list.map(({ result }) => result));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
