import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#base";
import { createSigner, encodeMultikey, randomBytes, type Signer } from "#crypto";
import { DEFAULT_PARAMETERS, didOf, type Genesis, groupIdOf } from "#protocol";
import { CometProcess } from "./comet-process.ts";
import { type FoundCometbft, findCometbft } from "./find-cometbft.ts";
import type { CometProcessOptions } from "./process-options.ts";
import type { VoteStateStore } from "./vote-signer/vote-state.ts";

/** The program for tests with the real engine, or why there is none: such tests are skipped by name. */
export const ENGINE: FoundCometbft | undefined = await findCometbft(process.env).catch(() => undefined);
export const WITH_ENGINE = ENGINE === undefined ? " [needs cometbft: hansa engine install]" : "";

/** A node of a group: its keys, and a genesis in which it may vote. */
export interface TestNode {
  readonly seed: Uint8Array;
  readonly signer: Signer;
}

export function makeNode(seed = randomBytes(32), secret = randomBytes(32)): TestNode {
  return { seed, signer: createSigner("Ed25519", secret) };
}

/** A genesis of a group whose only member runs all of these nodes. */
export function genesisOf(nodes: readonly TestNode[], time = Date.now()): Genesis {
  const member = { algorithm: "Ed25519" as const, bytes: createSigner("Ed25519").publicKey };
  const did = didOf("hanse", member);
  const multikey = (bytes: Uint8Array) => encodeMultikey({ algorithm: "Ed25519", bytes });
  return {
    version: 1,
    alliance: "hanse",
    group: "main",
    time,
    engine: {
      kind: "cometbft",
      validators: nodes.map(({ seed, signer }) => ({
        member: did,
        node: multikey(createSigner("Ed25519", seed).publicKey),
        key: multikey(signer.publicKey),
        address: "127.0.0.1:7422",
        power: 1,
      })),
    },
    members: [{ did, name: "Acme", roles: ["platform"], publicKey: encodeMultikey(member) }],
    parameters: DEFAULT_PARAMETERS,
  };
}

export function tempFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "hansa-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A store in memory. */
export function memoryStore(bytes?: Uint8Array): VoteStateStore & { bytes: Uint8Array | undefined; writes: number } {
  return {
    bytes,
    writes: 0,
    read() {
      return this.bytes;
    },
    write(next) {
      this.bytes = next;
      this.writes++;
    },
  };
}

/** A store in a file, for processes that are killed. */
export function fileStore(path: string): VoteStateStore {
  return {
    read: () => (existsSync(path) ? readFileSync(path) : undefined),
    write: (bytes) => writeFileSync(path, bytes, { flush: true }),
  };
}

/** What a test's process said. */
export interface Said {
  readonly level: "info" | "warn" | "error";
  readonly fields: object;
  readonly message: string;
}

/** A process of the real program with its own key-value application, in a group of one validator. */
export function makeProcess(folder: string, overrides: Partial<CometProcessOptions> = {}, node = makeNode()) {
  const genesis = overrides.genesis ?? genesisOf([node]);
  const said: Said[] = [];
  const store = memoryStore();
  const say = (level: Said["level"]) => (fields: object, message: string) => void said.push({ level, fields, message });
  const options: CometProcessOptions = {
    binary: ENGINE?.path ?? "cometbft",
    folder: join(folder, "engine"),
    genesis,
    groupId: groupIdOf(genesis),
    nodeSeed: node.seed,
    signer: node.signer,
    voteState: store,
    peers: () => [],
    moniker: "test",
    builtIn: "kvstore",
    timing: { commit: 10 },
    log: { info: say("info"), warn: say("warn"), error: say("error") },
    clock: systemClock,
    ...overrides,
  };
  return { comet: new CometProcess(options), options, node, store, said };
}

/** One call of CometBFT's RPC over its socket; fails where nobody answers. */
export function call(socketPath: string, method: string, params: object = {}): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const sent = request({ socketPath, path: "/", method: "POST", headers: { "content-type": "application/json" } });
    sent.on("error", reject);
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => {
        text += part;
      });
      response.on("end", () => {
        const answer = JSON.parse(text);
        if (answer.error === undefined) resolve(answer.result);
        else reject(new Error(JSON.stringify(answer.error)));
      });
      response.on("error", reject);
    });
    sent.end(body);
  });
}

/** Waits for a condition of another process, which tells of nothing by itself; the test's time limit ends it. */
export async function until<Value>(look: () => Promise<Value | undefined> | Value | undefined): Promise<Value> {
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Height of CometBFT's last block, once its RPC answers. */
export function heightOf(socketPath: string): Promise<number | undefined> {
  return call(socketPath, "status").then(
    (status) => Number((status["sync_info"] as Record<string, string>)["latest_block_height"]),
    () => undefined,
  );
}

/** Sends a transaction of the key-value application, and waits until it stands in a block. */
export async function put(socketPath: string, key: string, value: string): Promise<number> {
  const tx = Buffer.from(`${key}=${value}`).toString("base64");
  const answer = await call(socketPath, "broadcast_tx_commit", { tx });
  return Number(answer["height"]);
}
