/** Making and verifying a record's proof with a million records in state. */
import { decodeProof, encodeProof, type RecordProof, verifyProof } from "#protocol";
import { fillLedger } from "./fill.ts";
import { createHome, openHomeLedger } from "./node-process.ts";
import { BenchReport, numberOption, progress, quantile } from "./report.ts";

const records = numberOption("records", 1_000_000);
const rounds = numberOption("rounds", 2000);

function timed(run: () => void): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

const report = new BenchReport("proof");
const home = await createHome();
try {
  progress(`fill a ledger with ${records.toLocaleString("en-GB")} records`);
  const dids = await fillLedger(home, records);
  const openStarted = performance.now();
  const { ledger, close } = await openHomeLedger(home);
  report.add({ name: "open the ledger", value: (performance.now() - openStarted) / 1000, unit: "s" });
  const trust = ledger.group.id;
  const make: number[] = [];
  const verify: number[] = [];
  let largest = 0;
  for (let i = 0; i < rounds; i++) {
    // Every fourth proves an absence.
    const key = i % 4 === 3 ? `identity/${dids[i % dids.length]}x` : `identity/${dids[i % dids.length]}`;
    let text = "";
    make.push(
      timed(() => {
        const proof: RecordProof = { hansa: "record-proof/1", genesis: ledger.genesis, key, ...ledger.prove(key) };
        text = encodeProof(proof);
      }),
    );
    largest = Math.max(largest, Buffer.byteLength(text));
    verify.push(timed(() => verifyProof(decodeProof(text), { trust })));
  }
  await close();
  make.sort((a, b) => a - b);
  verify.sort((a, b) => a - b);
  report.add({ name: "make a proof file, p50", value: quantile(make, 0.5), unit: "ms" });
  report.add({ name: "make a proof file, p99", value: quantile(make, 0.99), unit: "ms" });
  const p50 = quantile(verify, 0.5);
  report.add({ name: "verify a proof file, p50", value: p50, unit: "ms", must: "< 1 ms", holds: p50 < 1 });
  report.add({ name: "verify a proof file, p99", value: quantile(verify, 0.99), unit: "ms" });
  report.add({ name: "largest proof file", value: largest, unit: "bytes", must: "< 4 KB", holds: largest < 4096 });
} finally {
  home.remove();
}
report.finish();
