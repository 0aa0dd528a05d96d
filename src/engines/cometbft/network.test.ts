/** Four validators, one for each member, without gates: the engines among themselves. */
import { describe, expect, it } from "vitest";
import type { HansaError } from "#base";
import { chainIdOf, genesisValidators, operation, verifyCommit } from "#protocol";
import { cometEngine, genesisOf, members, nodeOf, north, south } from "../../ledger/alliance.suite.ts";
import { blocksOf, type Running, running } from "../engine.suite.ts";
import { cometKind, processIn } from "./comet-engine.suite.ts";
import type { CometProcess } from "./process/comet-process.ts";
import { ENGINE, WITH_ENGINE } from "./process/process.suite.ts";

/** Engines that are connected with one another; they end with the test. */
async function network(): Promise<Running[]> {
  const nodes = members.map((member) => nodeOf(member));
  const ids = nodes.map(({ id }) => id);
  const genesis = genesisOf({}, cometEngine(nodes));
  const processes: CometProcess[] = [];
  const engines: Running[] = [];
  for (const node of nodes) {
    // Each dials those that run already.
    const others = [...processes];
    const peers = () => others.map(({ nodeId, p2pPort }) => ({ node: nodeId, host: "127.0.0.1", port: p2pPort }));
    const kind = cometKind({}, genesis);
    const made = await running({
      genesis,
      make: (parts) => {
        const process = processIn(parts.folder, genesis, node, peers);
        processes.push(process);
        return cometKind({ process, admits: (id) => ids.includes(id) }, genesis).make(parts);
      },
    });
    engines.push(made);
    expect(kind.genesis).toBe(genesis);
  }
  return engines;
}

/** Resolves once a node has committed this height. */
function reached({ engine, ledger }: Running, height: number): Promise<void> {
  return new Promise((resolve) => {
    if (ledger.height >= height) return resolve();
    const end = engine.onCommit(({ header }) => {
      if (header.height < height) return;
      end();
      resolve();
    });
  });
}

describe.skipIf(ENGINE === undefined)(`four nodes under CometBFT${WITH_ENGINE}`, () => {
  it("execute the same, wherever it was submitted, and each vouches for it", async () => {
    const engines = await network();
    const submitted = engines.flatMap(({ engine, candidate }, node) =>
      ["a", "b", "c"].map((topic) => engine.submit(candidate(`${node}/${topic}`, members[node]))),
    );
    const receipts = await Promise.all(submitted);
    expect(receipts.map(({ error }) => error?.code)).toEqual(receipts.map(() => undefined));
    const height = Math.max(...receipts.map((receipt) => receipt.height));
    await Promise.all(engines.map((made) => reached(made, height)));
    const [first, ...others] = engines.map(({ ledger }) => blocksOf(ledger).slice(0, height + 1));
    for (const blocks of others) expect(blocks.map(({ header }) => header)).toEqual(first?.map(({ header }) => header));
    const validators = genesisValidators((engines[0] as Running).ledger.genesis)?.validators ?? [];
    for (const { engine, ledger } of engines) {
      const { certificate } = await engine.certified(height);
      if (certificate.engine !== "cometbft" || certificate.header === undefined || certificate.commit === undefined)
        throw new Error("the certificate has no votes");
      const { signed, total } = verifyCommit(
        validators,
        chainIdOf(ledger.group.id),
        certificate.header,
        certificate.commit,
      );
      expect(3 * signed).toBeGreaterThan(2 * total);
      expect(engine.status().consensus).toMatchObject({ up: true, validator: true });
    }
  });

  it("give the same request that all were sent one receipt, and execute it once", async () => {
    const engines = await network();
    const [first] = engines as [Running];
    const { bytes } = first.candidate("a");
    const receipts = await Promise.all(
      engines.map(({ engine, ledger, clock }) => engine.submit(ledger.check(bytes.slice(), clock.now()))),
    );
    for (const receipt of receipts) expect(receipt).toEqual(receipts[0]);
    expect(receipts[0]).toMatchObject({ code: 0 });
  });

  it("let one of two requests with one id win, and tell the other", async () => {
    const engines = await network();
    const [one, two] = engines as [Running, Running];
    const { jti, exp } = one.candidate("z").transaction.claims;
    const requests = [one, two].map((made, i) => {
      const ops = [operation("topics.open", { topic: `t${i}`, publish: [], subscribe: [] })];
      const bytes = made.signing.sign([north], ops, { jti, exp });
      return made.engine.submit(made.ledger.check(bytes, made.clock.now())).then(
        ({ code }) => code,
        (error: HansaError) => error.code,
      );
    });
    const outcomes = await Promise.all(requests);
    expect(outcomes.map(String).sort()).toEqual(["0", "transaction.replayed"]);
  });

  it("name who did not vote, and go on without one of four", async () => {
    const engines = await network();
    const [one, , , four] = engines as [Running, Running, Running, Running];
    expect(await one.engine.submit(one.candidate("a"))).toMatchObject({ code: 0 });
    const missing = four.engine.status().consensus?.node;
    await four.engine.stop();
    // The first block after may still have its vote.
    for (let i = 0; i < 3; i++) await one.engine.submit(one.candidate(`later/${i}`, south));
    expect(one.ledger.head?.header.absent).toEqual([missing]);
    expect(missing).toBe(nodeOf(members[3] as (typeof members)[0]).id);
  });
});
