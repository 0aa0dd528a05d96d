import { afterAll, beforeAll, expect, it } from "vitest";
import { operation } from "#protocol";
import { getBlock, getStatus, query, readEvents } from "#sdk";
import { admit, connect, furnish, report, topicOf } from "./devices.suite.ts";
import { Alliance, codeOf } from "./member.suite.ts";

/** Largest file that the node may have: enough to start with, soon too little. */
const FILE_BYTES = 8 * 1024 * 1024;

let alliance: Alliance;

beforeAll(async () => {
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await furnish(alliance);
  await admit(alliance, "acme", "device/sensor");
});
afterAll(() => alliance.remove());

/** Operations that fill about 50 KB of a block. */
function bulk(n: number) {
  const { did } = alliance.party("acme");
  return Array.from({ length: 80 }, (_, i) =>
    operation("identity.setService", {
      did,
      service: { id: `s${i % 16}`, type: "Bulk", endpoint: `https://acme.example/${n}/${i}/${"x".repeat(330)}` },
    }),
  );
}

it("a full disk refuses what cannot be kept, answers what is asked, and loses nothing that was acknowledged", async () => {
  await alliance.end();
  await alliance.up({ HANSA_LOG_LEVEL: "error" }, FILE_BYTES);
  const receipts: { height: number; id: string }[] = [];
  let refused = "accepted";
  for (let n = 0; refused === "accepted"; n++) {
    refused = await codeOf(alliance.send("acme", bulk(n)).then((receipt) => receipts.push(receipt)));
    expect(n, "the limit was never reached").toBeLessThan(2000);
  }
  expect(refused).toBe("engine.commit-failed");
  expect(receipts.length).toBeGreaterThan(0);

  // Events have a file of their own: what is acknowledged there is kept, what is not taken ends the connection.
  const acknowledged: number[] = [];
  const sensor = await connect(alliance, "device/sensor");
  for (let n = 0; n < 20; n++) {
    await report(alliance, sensor, "acme", "device/sensor", "temperature", n);
    acknowledged.push(n);
  }
  sensor.end(true);

  const full = await getStatus(alliance.as("acme"));
  expect(full.groups[0]?.height).toBeGreaterThanOrEqual(receipts.at(-1)?.height ?? 0);
  expect((await query(alliance.as("acme"), "members.list", {})).items).toHaveLength(4);
  // Asked again it says the same, and does not fall over.
  expect(await codeOf(alliance.send("acme", bulk(-1)))).toBe("engine.commit-failed");
  await alliance.end("SIGKILL");

  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  for (const { height, id } of receipts.slice(-5))
    expect((await getBlock(alliance.as("acme"), height)).receipts.map((receipt) => receipt.id)).toContain(id);
  const { items } = await readEvents(alliance.as("acme"), { topic: topicOf("acme"), from: 0, limit: 1000 });
  expect(items.map(({ event }) => event.data)).toEqual(acknowledged);
  await alliance.send("acme", bulk(-2));
  await alliance.end();
  const replayed = await alliance.hansa("ledger", "replay", "--json");
  expect(replayed.code, replayed.stderr).toBe(0);
}, 120_000);
