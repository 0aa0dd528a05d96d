import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { JsonObject } from "#base";
import { type SchemaDialect, SchemaJudge } from "./schema-judge.ts";

const judge = new SchemaJudge();
afterAll(() => judge.close());

const verdict = (schema: object, value: JsonObject, dialect: SchemaDialect = "2020-12") =>
  judge.judge(dialect, JSON.stringify(schema), value);

const fine = { type: "object", required: ["id"] };

/** Looked at twice as often with each level. */
const doubling = (levels: number) => ({
  $ref: "#/$defs/d0",
  $defs: Object.fromEntries(
    Array.from({ length: levels }, (_, level) => {
      const next = { $ref: `#/$defs/d${level + 1}` };
      return [`d${level}`, level + 1 === levels ? true : { allOf: [next, { not: { not: next } }] }];
    }),
  ),
});

/** Empty where it is no more, or awaits only its burial. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

describe("a judge of schemas", () => {
  it("says whether a value fits, in either dialect", async () => {
    expect(await verdict(fine, { id: "urn:a" })).toBe("fits");
    expect(await verdict(fine, {})).toBe("unfit");
    const items = { properties: { a: { items: [{ type: "string" }], additionalItems: false } } };
    expect(await verdict(items, { a: ["x", 1] }, "draft-07")).toBe("unfit");
    expect(await verdict(items, { a: ["x"] }, "draft-07")).toBe("fits");
    const prefix = { properties: { a: { prefixItems: [{ type: "string" }], items: false } } };
    expect(await verdict(prefix, { a: ["x", 1] })).toBe("unfit");
    expect(await verdict({ properties: { made: { format: "date" } } }, { made: "yesterday" })).toBe("unfit");
    expect(await verdict({ properties: { made: { format: "date" } } }, { made: "2026-02-28" })).toBe("fits");
  });

  it.each<[string, object]>([
    ["is none", { type: "nobody" }],
    ["refers to what it does not hold", { $ref: "https://example.org/elsewhere.json" }],
    ["would answer later", { $async: true, type: "string" }],
    ["would answer later, within", { $async: true, properties: { id: { $async: true, type: "number" } } }],
    ["refers to itself without end", { $ref: "#" }],
    ["has a pattern that is none", { properties: { id: { pattern: "(" } } }],
  ])("takes no schema that %s", async (_, schema) => {
    expect(await verdict(schema, { id: "urn:a" })).toBe("no-schema");
    expect(await verdict(fine, { id: "urn:a" })).toBe("fits");
  });

  it.each<[string, object, JsonObject]>([
    ["tries a pattern for ever", { properties: { x: { pattern: "^(a+)+$" } } }, { x: `${"a".repeat(60)}!` }],
    ["is looked at again and again", doubling(60), {}],
  ])("gives up, and goes on, where a schema %s", async (_, schema, value) => {
    const after = [verdict(schema, value), verdict(fine, { id: "urn:a" }), verdict(schema, value), verdict(fine, {})];
    expect(await Promise.all(after)).toEqual(["too-long", "fits", "too-long", "unfit"]);
  });

  it("gives up, and goes on, where a schema takes more memory than there is", async () => {
    const patient = new SchemaJudge({ time: 60_000 });
    const text = `{"enum":[${"[],".repeat(5_000_000)}0]}`;
    expect(await patient.judge("2020-12", text, {})).toBe("too-long");
    expect(await patient.judge("2020-12", JSON.stringify(fine), { id: "urn:a" })).toBe("fits");
    await patient.close();
  });

  it.skipIf(process.platform !== "linux")("does not outlive who asked, whatever it is at", async () => {
    const script = fileURLToPath(new URL("./schema-orphan.suite.ts", import.meta.url));
    const parent = spawn(process.execPath, ["--conditions=development", "--import", "tsx", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(parent.stdout, "data");
    const all = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8").trim().split(" ").map(Number);
    const left = all.filter((pid) => commandOf(pid).includes("ajv"));
    expect(left).toHaveLength(1);
    const gone = once(parent, "close");
    parent.kill("SIGKILL");
    await gone;
    // It looks once a second.
    while (commandOf(left[0] as number) !== "") await new Promise((resolve) => setImmediate(resolve));
  });

  it("lets so many wait, and answers all when it is closed", async () => {
    const small = new SchemaJudge({ waiting: 2 });
    const all = Array.from({ length: 5 }, () => small.judge("2020-12", JSON.stringify(fine), {}));
    // One is under way, two wait.
    expect(await Promise.all(all)).toEqual(["unfit", "unfit", "unfit", "busy", "busy"]);
    const last = small.judge("2020-12", JSON.stringify(fine), {});
    await small.close();
    expect(await last).toBe("busy");
    expect(await small.judge("2020-12", JSON.stringify(fine), {})).toBe("busy");
  });
});
