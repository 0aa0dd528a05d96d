import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ManualClock } from "#base";
import { randomBytes } from "#crypto";
import {
  createCredentialSigner,
  DidResolver,
  keyMethod,
  makeKeyFinder,
  openBitstring,
  verifyTokenStatusList,
} from "#identity";
import { type Database, KeyValueStore, openDatabase } from "#storage";
import type { Issuer } from "./issuing-keys.ts";
import { PublishedLists } from "./published-lists.ts";
import { type Place, StatusLists } from "./status-lists.ts";

let folder: string;
let database: Database;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hansa-published-"));
  database = openDatabase({ file: join(folder, "lists.db"), key: randomBytes(32) });
});
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const keys = makeKeyFinder(new DidResolver([keyMethod]), { mayRead: () => false });
const issuerOf = (name: string): Issuer => {
  const signer = createCredentialSigner("Ed25519");
  return { name, did: "did:key", key: name, id: signer.controller, signer };
};

it("a list is shown as the ledger has it while a newer state is on its way there, and as it is where the ledger knows none of it", async () => {
  const clock = new ManualClock(Date.parse("2026-11-27T12:00:00Z"));
  const [member, other] = [issuerOf("member"), issuerOf("other")];
  const lists = new StatusLists(new KeyValueStore(database, "published"), clock, (id) => `https://acme.example/${id}`);
  const published = new PublishedLists(lists, [member, other], clock, member.id);
  /** What others read of a place, in both forms. */
  const shown = async ({ list, index, url: uri }: Place) => {
    const { list: bits } = await openBitstring(JSON.parse(await published.read(list, "credential")), 1);
    const token = await published.read(list, "token");
    const { list: entries } = await verifyTokenStatusList(token, { uri, keys, now: clock.now() });
    expect(entries.get(index)).toBe(bits.get(index));
    return bits.get(index);
  };
  const anchor = ({ list }: Place) => {
    const record = lists.find(list);
    if (record !== undefined) published.noteAnchored(record, lists.bits(list));
  };
  const [mine, theirs] = [member, other].map(({ name }) => lists.allocate(name, ["revocation"], undefined)[0] as Place);
  for (const place of [mine, theirs] as Place[]) {
    anchor(place);
    expect(await shown(place)).toBe(0);
    lists.set(place, true);
  }
  expect(await shown(theirs as Place)).toBe(1);
  expect(await shown(mine as Place)).toBe(0);
  anchor(mine as Place);
  expect(await shown(mine as Place)).toBe(1);

  // A ledger that does not go on keeps no revocation back.
  const [late] = lists.allocate(member.name, ["revocation"], undefined) as [Place];
  lists.set(late, true);
  expect(await shown(late)).toBe(0);
  clock.advance(30_000);
  expect(await shown(late)).toBe(1);
});
