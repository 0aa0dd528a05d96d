import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryWalletStore } from "#identity";
import { type Database, openDatabase, WalletEntries } from "#storage";
import { describeWalletStore } from "../../src/identity/wallet/wallet-store.suite.ts";

describeWalletStore("encrypted SQLite", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hansa-wallet-"));
  let db: Database | undefined;
  const open = async () => {
    db?.close();
    db = openDatabase({ file: join(folder, "wallet.db"), key: new Uint8Array(32).fill(7) });
    return new WalletEntries(db);
  };
  return {
    open,
    reopen: open,
    raw: async () => Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name)))),
    async dispose() {
      db?.close();
      rmSync(folder, { recursive: true });
    },
  };
});

describeWalletStore("memory", async () => {
  const store = createMemoryWalletStore();
  return { open: async () => store, dispose: () => store.close() };
});
