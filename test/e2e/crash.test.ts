import { afterAll, expect, it } from "vitest";
import { getBlock } from "#sdk";
import { CrashHome } from "./crash-load.suite.ts";
import { until } from "./member.suite.ts";

const LONG = process.env["HANSA_TEST_LONG"] === "1";
const KILLS = Number(process.env["HANSA_TEST_KILLS"] ?? (LONG ? 1000 : 100));
/** Two homes at once: while one node starts, the other is under load. */
const HOMES = 2;
const SEED = Number(process.env["HANSA_TEST_SEED"] ?? Date.now() % 2 ** 31);

const homes: CrashHome[] = [];
afterAll(async () => {
  for (const { alliance } of homes) await alliance.remove();
});

/** mulberry32: the same seed gives the same moments. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function killOverAndOver(number: number): Promise<CrashHome> {
  const random = randomOf(SEED + number);
  const home = await CrashHome.create();
  homes.push(home);
  for (let kill = 1; kill <= KILLS / HOMES; kill++) {
    const after = Math.floor(5 + random() * 400);
    const where = `HANSA_TEST_SEED=${SEED}, home ${number}, kill ${kill}, ${after} ms under load`;
    await home.loadUntilKilled(after);
    await home.alliance.up({ HANSA_LOG_LEVEL: "warn" });
    expect(await home.findLosses(), where).toEqual([]);
  }
  // Every command that ever reached the device ends on the ledger, those included in the midst of which the node was killed.
  await until(async () => (await home.anchoredRuns()) >= home.commands);
  await home.alliance.end("SIGTERM");
  const { code, stdout, stderr } = await home.alliance.hansa("ledger", "replay", "--json");
  expect(code, stderr).toBe(0);
  const replayed = JSON.parse(stdout) as { differs?: unknown; root: string; blocks: number };
  expect(replayed.differs).toBeUndefined();
  await home.alliance.up({ HANSA_LOG_LEVEL: "warn" });
  // Anchors may follow the start: blocks of the replay keep their root all the same.
  const block = await getBlock(home.alliance.as("acme"), replayed.blocks - 1);
  expect(block.header.state).toBe(replayed.root);
  return home;
}

it(
  `${KILLS} kills at random moments under load lose nothing acknowledged and double nothing; roots match a replay`,
  async () => {
    const done = await Promise.all(Array.from({ length: HOMES }, (_, i) => killOverAndOver(i)));
    const sum = (of: (home: CrashHome) => number) => done.reduce((total, home) => total + of(home), 0);
    const transactions = sum((home) => home.transactions);
    const events = sum((home) => home.events);
    const commands = sum((home) => home.commands);
    console.log(`${KILLS} kills: ${transactions} transactions, ${events} events, ${commands} commands acknowledged`);
    // A load that acknowledged nothing would prove nothing.
    for (const count of [transactions, events, commands]) expect(count).toBeGreaterThan(KILLS);
  },
  LONG ? 3 * 3_600_000 : 600_000,
);
