import { describe, expect, it } from "vitest";
import type { HansaError } from "#base";
import type { IdentityRecord } from "#protocol";
import { parseDidUrl } from "../../resolution/did-url.ts";
import { HansaMethod } from "./hansa-method.ts";
import type { DidLedger } from "./needs.ts";

const DID = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";
const START = Date.UTC(2026, 0, 31, 12);

function version(number: number, at: number, more: Partial<IdentityRecord> = {}): IdentityRecord {
  const key = {
    id: "3QJmV3qfvL9SuYo34YihAf3sRCW3",
    publicKey: `z6Mk${number}`,
    relationships: ["authentication"] as const,
  };
  return {
    did: DID,
    version: number,
    deactivated: false,
    controllers: [],
    keys: [key],
    services: [],
    created: START,
    updated: START + at,
    ...more,
  };
}

/** Two changes in one block leave a gap: version 3 was never to be seen. */
const HISTORY = [version(1, 0), version(2, 500), version(4, 60_400)];

function ledger(name: string, history: readonly IdentityRecord[], alliance = "hanse"): DidLedger {
  return {
    id: `${alliance}:${name}:2xG`,
    name,
    alliance,
    height: 12,
    identity: (did) => (did === DID ? history.at(-1) : undefined),
    history: (did) => (did === DID ? history : []),
  };
}

const ALL = { mayRead: () => true };
const resolve = (ledgers: readonly DidLedger[], options = {}, asker: { mayRead(id: string): boolean } = ALL) =>
  new HansaMethod(ledgers).resolve(parseDidUrl(DID), options, asker);
const main = ledger("main", HISTORY);

function codeOf(run: () => unknown): string {
  try {
    run();
    return "answered";
  } catch (error) {
    return (error as HansaError).code;
  }
}

describe("did:hansa", () => {
  it("is answered with its newest version, and where and when it was read", () => {
    const { document, metadata } = resolve([main]);
    expect(document).toMatchObject({ id: DID, verificationMethod: [{ publicKeyMultibase: "z6Mk4" }] });
    expect(metadata).toEqual({
      created: "2026-01-31T12:00:00Z",
      updated: "2026-01-31T12:01:00Z",
      versionId: "4",
      method: { group: "hanse:main:2xG", height: 12 },
    });
    expect(resolve([ledger("main", HISTORY.slice(0, 1))]).metadata).not.toHaveProperty("updated");
  });

  it.each([
    [{ versionId: "1" }, "1", "2026-01-31T12:00:00Z", "2"],
    [{ versionId: "2" }, "2", "2026-01-31T12:01:00Z", "4"],
    [{ versionId: "4" }, "4", undefined, undefined],
    [{ versionTime: "2026-01-31T12:00:00Z" }, "2", "2026-01-31T12:01:00Z", "4"],
    [{ versionTime: "2026-01-31T12:00:59Z" }, "2", "2026-01-31T12:01:00Z", "4"],
    [{ versionTime: "2026-01-31T12:01:00Z" }, "4", undefined, undefined],
    [{ versionTime: "2030-01-01T00:00:00Z" }, "4", undefined, undefined],
  ])("of %j is its version %s, and says which came next", (options, versionId, nextUpdate, nextVersionId) => {
    const { document, metadata } = resolve([main], options);
    expect(document).toMatchObject({ verificationMethod: [{ publicKeyMultibase: `z6Mk${versionId}` }] });
    expect(metadata).toMatchObject({ versionId });
    expect([metadata.nextUpdate, metadata.nextVersionId]).toEqual([nextUpdate, nextVersionId]);
  });

  it.each([
    [{ versionId: "3" }, "resolution.not-found"],
    [{ versionId: "5" }, "resolution.not-found"],
    [{ versionTime: "2026-01-31T11:59:59Z" }, "resolution.not-found"],
    [{ versionId: "0" }, "resolution.options"],
    [{ versionId: "1.0" }, "resolution.options"],
    [{ versionId: "" }, "resolution.options"],
    [{ versionTime: "yesterday" }, "resolution.options"],
    [{ group: "side" }, "resolution.not-found"],
  ])("of %j is refused with %s", (options, code) => {
    expect(codeOf(() => resolve([main], options))).toBe(code);
  });

  it("has no document once it is deactivated, but its past has", () => {
    const gone = ledger("main", [...HISTORY, version(5, 120_000, { deactivated: true, keys: [] })]);
    expect(resolve([gone])).toMatchObject({ document: null, metadata: { deactivated: true, versionId: "5" } });
    const before = resolve([gone], { versionId: "4" });
    expect(before.document).toMatchObject({ id: DID });
    expect(before.metadata).toMatchObject({ nextVersionId: "5", nextUpdate: "2026-01-31T12:02:00Z" });
    expect(before.metadata).not.toHaveProperty("deactivated");
  });

  it("is read in the first group of its alliance that knows it and may be read", () => {
    const other = ledger("other", HISTORY, "other");
    const empty = ledger("empty", []);
    const side = ledger("side", HISTORY.slice(0, 1));
    const groups = [other, empty, side, main];
    const groupOf = (options = {}, asker = ALL) => resolve(groups, options, asker).metadata.method?.group;
    expect(groupOf()).toBe(side.id);
    expect(groupOf({ group: "main" })).toBe(main.id);
    expect(groupOf({ group: main.id })).toBe(main.id);
    expect(groupOf({}, { mayRead: (id: string) => id === main.id } as typeof ALL)).toBe(main.id);
    expect(codeOf(() => resolve(groups, { group: "other" }))).toBe("resolution.not-found");
  });

  it("looks to whoever may not read the group as if nobody had heard of it", () => {
    const refusalOf = (ledgers: readonly DidLedger[], options = {}) => {
      try {
        return resolve(ledgers, options, { mayRead: () => false });
      } catch (error) {
        return JSON.stringify(error as HansaError);
      }
    };
    for (const options of [{}, { group: "main" }, { versionId: "1" }, { versionId: "99" }])
      expect(refusalOf([main], options)).toBe(refusalOf([], options));
    expect(refusalOf([main])).toContain("resolution.not-found");
  });

  it("is one document for as long as the record is one, and another with the next", () => {
    const method = new HansaMethod([main]);
    const first = method.resolve(parseDidUrl(DID), {}, ALL).document;
    expect(method.resolve(parseDidUrl(DID), {}, ALL).document).toBe(first);
    let history = HISTORY;
    const changing = new HansaMethod([{ ...main, identity: () => history.at(-1) }]);
    const before = changing.resolve(parseDidUrl(DID), {}, ALL).document;
    history = [...HISTORY, version(5, 120_000)];
    const after = changing.resolve(parseDidUrl(DID), {}, ALL).document;
    expect(before).toMatchObject({ verificationMethod: [{ publicKeyMultibase: "z6Mk4" }] });
    expect(after).toMatchObject({ verificationMethod: [{ publicKeyMultibase: "z6Mk5" }] });
  });

  it.each(["did:hansa:x", "did:hansa:HANSE:3QJmV3qfvL9SuYo34YihAf3sRCW3", `${DID}0`, "did:hansa:hanse:a:b"])(
    "is not %s",
    (text) => {
      expect(codeOf(() => new HansaMethod([main]).resolve(parseDidUrl(text), {}, ALL))).toBe("resolution.did");
    },
  );
});
