import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeContract, devicesOf, problemsOf, readContract } from "./contract-file.ts";

const A = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";
const B = "did:hansa:hanse:4QJmV3qfvL9SuYo34YihAf3sRCW3";
const NOW = 1_767_225_600_000;
const WRITTEN = {
  title: "Fan when warm",
  parties: [A, B],
  trigger: { device: A, property: "temperature", when: { above: "25.5" }, for: 60 },
  condition: { all: [{ device: B, property: "occupied", is: { equals: true } }] },
  actions: [{ delay: 5 }, { device: B, set: "speed", value: 3 }],
  mode: "restart",
  limits: { perMinute: 10, hops: 2 },
};

describe("a contract file", () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "hansa-contract-"));
    file = join(folder, "contract.json");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const read = async (contract: object) => {
    await writeFile(file, JSON.stringify(contract));
    return readContract(file, NOW);
  };

  it("gets its times and nonce filled in, and keeps those that it has", async () => {
    const filled = await read(WRITTEN);
    expect(filled).toMatchObject({ ...WRITTEN, from: NOW / 1000, until: NOW / 1000 + 31_536_000 });
    expect(filled.nonce).toMatch(/^[A-Za-z0-9_-]{16}$/);
    const given = { ...WRITTEN, from: "2026-02-01", until: "30d", nonce: "12345678" };
    expect(await read(given)).toMatchObject({ from: 1_769_904_000, until: NOW / 1000 + 2_592_000, nonce: "12345678" });
  });

  it("is refused where it does not fit, with the place", async () => {
    await expect(read({ ...WRITTEN, mode: "twice" })).rejects.toMatchObject({
      code: "cli.file-malformed",
      payload: { path: "/contract/mode" },
    });
    await expect(read({ ...WRITTEN, until: "some day" })).rejects.toMatchObject({ code: "cli.file-malformed" });
    await expect(read([])).rejects.toMatchObject({ code: "cli.file-malformed" });
    await writeFile(file, '{"title":"a","title":"b"}');
    expect(() => readContract(file, NOW)).toThrow(expect.objectContaining({ code: "cli.file-malformed" }));
  });

  it("names its devices, and reads as a sentence", async () => {
    const contract = await read(WRITTEN);
    expect(devicesOf(contract)).toEqual({ watched: [A, B], driven: [B] });
    const { when, then } = describeContract(contract, (did) => (did === A ? "sensor" : "fan"));
    expect(when).toBe("temperature of sensor above 25.5 for 60 s, if (occupied of fan equals true)");
    expect(then).toEqual(["wait 5 s", "set speed of fan to 3"]);
  });

  it("is found out where it cannot work", async () => {
    expect(problemsOf(await read(WRITTEN), NOW)).toEqual([]);
    const loop = { ...WRITTEN, actions: [{ device: A, set: "temperature", value: 3 }] };
    expect(problemsOf(await read(loop), NOW)[0]).toContain("a loop");
    expect(problemsOf(await read({ ...WRITTEN, actions: [{ delay: 5 }] }), NOW)).toHaveLength(2);
    expect(problemsOf(await read({ ...WRITTEN, from: 1, until: 2 }), NOW)).toEqual(["it has ended already"]);
    expect(problemsOf(await read({ ...WRITTEN, from: 5, until: 2 }), NOW)).toEqual(["it ends before it begins"]);
    const empty = { ...WRITTEN, trigger: { device: A, property: "t", when: { above: "5", below: "4" } } };
    expect(problemsOf(await read(empty), NOW)).toEqual(["its trigger's range is empty"]);
  });
});
