import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Harness } from "./harness.suite.ts";
import { type Database, GroupStore, KeyValueStore, LogStore, openDatabase } from "./index.ts";
import { describeKeyValueStore } from "./key-value-store.suite.ts";
import { describeLogStore } from "./log-store.suite.ts";
import { describeGroupStore } from "./store.suite.ts";

function onDisk<Store>(make: (db: Database) => Store): Harness<Store> {
  const folder = mkdtempSync(join(tmpdir(), "hansa-stores-"));
  const key = new Uint8Array(32).fill(7);
  const open = () => openDatabase({ file: join(folder, "a.db"), key });
  let db = open();
  let store = make(db);
  return {
    store: () => store,
    reopen: () => {
      db.close();
      db = open();
      store = make(db);
      return store;
    },
    dispose: () => {
      db.close();
      rmSync(folder, { recursive: true });
    },
  };
}

describeGroupStore(() => onDisk((db) => new GroupStore(db)));
describeLogStore(() => onDisk((db) => new LogStore(db)));
describeKeyValueStore(() => onDisk((db) => (namespace: string) => new KeyValueStore(db, namespace)));
