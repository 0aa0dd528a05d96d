/**
 * Checks signatures off the main thread, in packed batches: what arrives within one turn of the event loop travels as one message.
 * Each signature is checked once on this node; the ledger is told, and does not check it again.
 */
import { availableParallelism } from "node:os";
import { Piscina } from "piscina";
import { type Algorithm, verifySignature } from "#crypto";
import type { SignatureCheck } from "#ledger";
import { nodeError } from "./errors.ts";

export const POOL_ALGORITHMS: readonly Algorithm[] = ["Ed25519", "P-256", "secp256k1"];

/** Below this, waking a thread costs more than the checks. */
const INLINE = 3;
const MOST_IN_BATCH = 64;

interface Waiting {
  readonly check: SignatureCheck;
  readonly resolve: (holds: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** One check: algorithm (1), key length (1), input length (4, big endian), key, signature (64), input. */
export function packChecks(checks: readonly SignatureCheck[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const { key, input } of checks) length += 70 + key.bytes.length + input.length;
  const packed = new Uint8Array(length);
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { key, input, signature } of checks) {
    packed[at] = POOL_ALGORITHMS.indexOf(key.algorithm);
    packed[at + 1] = key.bytes.length;
    view.setUint32(at + 2, input.length);
    packed.set(key.bytes, at + 6);
    packed.set(signature, at + 6 + key.bytes.length);
    packed.set(input, at + 70 + key.bytes.length);
    at += 70 + key.bytes.length + input.length;
  }
  return packed;
}

export class SignaturePool {
  readonly #pool: Piscina | undefined;
  #waiting: Waiting[] = [];
  #scheduled = false;
  /** Batches that the workers have. While they are busy, what arrives gathers into larger ones. */
  #underWay = 0;
  readonly #most: number;

  /** @param threads - 0: checks happen in this thread */
  constructor(threads: number) {
    // One in work and one at hand for each: a worker never waits for the main thread, and batches stay full.
    this.#most = threads * 2;
    // From sources there is no compiled worker beside this file: checks stay in this thread then.
    const compiled = import.meta.url.endsWith(".js");
    this.#pool =
      threads > 0 && compiled
        ? new Piscina({
            filename: new URL("./signature-worker.js", import.meta.url).href,
            minThreads: Math.min(threads, availableParallelism()),
            maxThreads: Math.min(threads, availableParallelism()),
            concurrentTasksPerWorker: 2,
          })
        : undefined;
  }

  /** Whether all of these signatures hold. */
  async verify(checks: readonly SignatureCheck[]): Promise<boolean> {
    if (this.#pool === undefined) return verifyHere(checks);
    if (checks.length === 1) return this.#one(checks[0] as SignatureCheck);
    return (await Promise.all(checks.map((check) => this.#one(check)))).every((holds) => holds);
  }

  #one(check: SignatureCheck): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ check, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#flush();
      });
    });
  }

  #flush(): void {
    const pool = this.#pool;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (pool === undefined || waiting.length <= INLINE) {
      for (const { check, resolve } of waiting) resolve(verifySignature(check.key, check.input, check.signature));
      return;
    }
    for (let from = 0; from < waiting.length; from += MOST_IN_BATCH) {
      if (this.#underWay >= this.#most) {
        this.#waiting = waiting.slice(from);
        return;
      }
      const batch = waiting.slice(from, from + MOST_IN_BATCH);
      this.#underWay++;
      const packed = packChecks(batch.map((entry) => entry.check));
      pool.run(packed, { transferList: [packed.buffer] }).then(
        (holds: Uint8Array) => {
          this.#done();
          batch.forEach((entry, i) => {
            entry.resolve(holds[i] === 1);
          });
        },
        (error: unknown) => {
          this.#done();
          for (const entry of batch)
            entry.reject(nodeError("node.worker-lost", "a signature worker failed", {}, error));
        },
      );
    }
  }

  #done(): void {
    this.#underWay--;
    if (this.#waiting.length > 0) this.#flush();
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }
}

/** In this thread, a slice at a time: others have their turn in between. */
async function verifyHere(checks: readonly SignatureCheck[]): Promise<boolean> {
  for (let i = 0; i < checks.length; i++) {
    if (i > 0 && i % MOST_IN_BATCH === 0) await new Promise((resolve) => setImmediate(resolve));
    const { key, input, signature } = checks[i] as SignatureCheck;
    if (!verifySignature(key, input, signature)) return false;
  }
  return true;
}
