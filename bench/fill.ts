import { encodeUtf8 } from "#base";
import { encodeMultikey, randomBytes } from "#crypto";
import { didOf, prepareClaims, signTransaction } from "#protocol";
import { type BenchHome, openHomeLedger } from "./node-process.ts";
import { progress } from "./report.ts";

/** Operations in one transaction. */
const PER_TRANSACTION = 100;

/**
 * Fills a home's ledger until it has this many records: real transactions, executed, stored and signed like any other.
 *
 * @param most - how many of their DIDs are answered, one of each transaction where not all are
 * @returns DIDs of the records
 */
export async function fillLedger(home: BenchHome, records: number, most = 1000): Promise<string[]> {
  const { ledger, engine, close } = await openHomeLedger(home);
  const acme = home.parties.get("acme");
  if (acme === undefined) throw new Error("no founding member");
  const sample: string[] = [];
  const started = performance.now();
  // The engine's own timers do not keep a process alive.
  const alive = setInterval(() => undefined, 1000);
  let told = 0;
  while (ledger.records < records) {
    const wave: Promise<unknown>[] = [];
    const transactions = Math.min(50, Math.ceil((records - ledger.records) / PER_TRANSACTION));
    for (let t = 0; t < transactions; t++) {
      const ops = [];
      const count = Math.min(PER_TRANSACTION, records - ledger.records - t * PER_TRANSACTION);
      for (let i = 0; i < count; i++) {
        const key = { algorithm: "Ed25519" as const, bytes: randomBytes(32) };
        ops.push({ op: "identity.create", args: { publicKey: encodeMultikey(key) } });
        if ((i === 0 || most >= records) && sample.length < most) sample.push(didOf("bench", key));
      }
      if (ops.length === 0) break;
      const text = signTransaction(prepareClaims(acme.did, home.groupId, ops, Date.now(), 500), [acme]);
      wave.push(engine.submit(ledger.check(encodeUtf8(text), Date.now())));
    }
    await Promise.all(wave);
    if (ledger.records - told >= 100_000) {
      told = ledger.records;
      progress(`${told.toLocaleString("en-GB")} records after ${Math.round((performance.now() - started) / 1000)} s`);
    }
  }
  clearInterval(alive);
  await close();
  return sample;
}
