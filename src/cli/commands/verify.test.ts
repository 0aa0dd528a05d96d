import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeProof, encodeProof, type RecordProof } from "#protocol";
import { QUORUM_GENESIS, QUORUM_GROUP } from "../../protocol/comet/quorum.suite.ts";
import { json, serve } from "../../sdk/server.suite.ts";
import { openTerminal, type Terminal } from "../terminal.suite.ts";

const text = await readFile(new URL("../../../vectors/cometbft/record-proof.json", import.meta.url), "utf8");
const proof = decodeProof(text) as RecordProof;

let terminal: Terminal;
beforeEach(async () => {
  terminal = await openTerminal();
  await writeFile(join(terminal.cwd, "record.json"), text);
});
afterEach(() => terminal.close());

async function serving() {
  const served = await serve((one, response) =>
    json(response, one.query.get("proof") === "1" ? proof : { key: proof.key, value: proof.value, height: 7 }),
  );
  return { ...served, record: ["ledger", "record", proof.key, "--url", served.url] };
}

describe("hansa verify of a proof under a validator set", () => {
  it("says how much power of which height vouches for it, and how its validators were found", async () => {
    const { exit, out } = await terminal.run(["verify", "record.json", "--trust", QUORUM_GROUP]);
    expect(exit).toBe(0);
    expect(out).toContain("engine cometbft at height 71");
    expect(out).toContain("41 of 41 voting power of 4 validators, followed through 1 change of validators");
  });

  it("takes validators that another proof gave, in place of the way to them", async () => {
    const { out } = await terminal.run(["verify", "record.json", "--json", "--pick", "vouched.validators"]);
    await writeFile(join(terminal.cwd, "validators.json"), out);
    const later = "later.json";
    await writeFile(join(terminal.cwd, later), encodeProof({ ...proof, validators: [] }));
    const refused = await terminal.run(["verify", later]);
    expect(refused.exit).toBe(1);
    expect(refused.err).toContain("proof.invalid");
    const taken = await terminal.run(["verify", later, "--trusted", "validators.json"]);
    expect(taken.exit, taken.err).toBe(0);
    expect(taken.out).toContain("the validators that were trusted");
    await writeFile(join(terminal.cwd, "validators.json"), "[]");
    const malformed = await terminal.run(["verify", later, "--trusted", "validators.json"]);
    expect(malformed).toMatchObject({ exit: 1, out: "" });
    expect(malformed.err).toContain("proof.malformed");
  });
});

describe("hansa ledger record --verified", () => {
  it("verifies against the id that is given, or the home's own genesis", async () => {
    const { record, arrived, close } = await serving();
    try {
      const given = await terminal.run([...record, "--verified", "--json", "--group", QUORUM_GROUP]);
      expect(given.json).toMatchObject({ key: proof.key, verified: true, vouched: { engine: "cometbft", signed: 41 } });
      const folder = join(terminal.cwd, ".hansa", "groups", "quorum");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "genesis.json"), JSON.stringify(QUORUM_GENESIS));
      const own = await terminal.run([...record, "--verified", "--json"]);
      expect(own.json).toMatchObject({ verified: true });
      expect(arrived.map(({ path }) => path)).toEqual(Array(2).fill(`/groups/${QUORUM_GROUP}/records`));
    } finally {
      await close();
    }
  });

  it("asks nobody where nothing says which group is meant", async () => {
    const { record, arrived, close } = await serving();
    try {
      const named = await terminal.run([...record, "--verified", "--group", "quorum"]);
      expect(named.exit).toBe(1);
      expect(named.err).toContain("sdk.no-trust");
      expect(arrived).toHaveLength(0);
    } finally {
      await close();
    }
  });
});
