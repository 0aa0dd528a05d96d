/** A process to be killed: commits or re-keys without end, and says on a line of its own what was acknowledged. */
import { writeSync } from "node:fs";
import { batchAt, bytes } from "./fixtures.suite.ts";
import { GroupStore, KeyValueStore, openDatabase, rekey } from "./index.ts";

/** Records of the block at a height: three slots that it makes, and ten older ones that it changes. */
export function recordsAt(height: number): { slot: number; key: string; value: Uint8Array }[] {
  const first = (height - 1) * 3;
  const old = Array.from({ length: 10 }, (_, i) => (height * 31 + i * 17) % Math.max(first, 1));
  const slots = [...new Set(first === 0 ? [] : old), first, first + 1, first + 2].sort((a, b) => a - b);
  return slots.map((slot) => ({ slot, key: `key ${slot}`, value: bytes(`${height} ${slot}`.repeat(20)) }));
}

function writeForever(file: string, key: Uint8Array): void {
  const db = openDatabase({ file, key });
  const store = new GroupStore(db);
  const marks = new KeyValueStore(db, "marks");
  for (let height = (store.head()?.height ?? 0) + 1; ; height++) {
    store.commit(batchAt(height, recordsAt(height)));
    marks.put(`mark ${height % 8}`, bytes(`${height}`));
    // Straight to the pipe: what was written is with the parent however this process ends.
    writeSync(1, `${height}\n`);
  }
}

function rekeyForever(file: string, keys: readonly [Uint8Array, Uint8Array]): void {
  const db = openDatabase({ file, key: keys[0] });
  for (let turn = 1; ; turn++) {
    rekey(db, turn % 2 === 1 ? keys[1] : keys[0]);
    writeSync(1, `${turn}\n`);
  }
}

const file = process.env["HANSA_CRASH_FILE"];
const [key, otherKey] = (process.env["HANSA_CRASH_KEYS"] ?? "").split(",").map((text) => Buffer.from(text, "hex"));
if (file !== undefined && key !== undefined) {
  if (otherKey === undefined) writeForever(file, key);
  else rekeyForever(file, [key, otherKey]);
}
