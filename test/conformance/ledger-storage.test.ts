import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StateStore } from "#ledger";
import { GroupStore, openDatabase } from "#storage";
import { describeKernel } from "../../src/ledger/kernel/kernel.suite.ts";

describeKernel("encrypted SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "hansa-ledger-"));
  const key = new Uint8Array(32).fill(7);
  const opened = new Map<string, GroupStore>();
  return {
    lasting: true,
    open(name): StateStore {
      // A second opening is a restart: what was open is closed first.
      opened.get(name)?.close();
      const store = new GroupStore(openDatabase({ file: join(folder, `${name}.db`), key }));
      opened.set(name, store);
      return store;
    },
    close() {
      for (const store of opened.values()) store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
