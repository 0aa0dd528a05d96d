import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Request, Response, type ResponseCheckTx } from "cosmjs-types/tendermint/abci/types";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { concatBytes, encodeUtf8 } from "#base";
import { type AbciApplication, VoidError } from "./application.ts";
import { FrameReader, frameLength } from "./frames.ts";
import { AbciServer, type AbciServerOptions } from "./server.ts";
import { NO_SNAPSHOTS } from "./snapshot-calls.ts";

/** A request in parts: what is left out has the value that it has on the wire. */
type Ask = { readonly [Name in keyof Request]?: object };

const CHECKED: ResponseCheckTx = {
  code: 0,
  data: new Uint8Array(),
  log: "",
  info: "",
  gasWanted: 0n,
  gasUsed: 0n,
  events: [],
  codespace: "",
};

/** Answers CheckTx when the test says so, and Query with a fault. */
class Held implements AbciApplication {
  readonly snapshots = NO_SNAPSHOTS;
  readonly checks: { readonly tx: Uint8Array; readonly answer: (code: number) => void }[] = [];
  #heard: () => void = () => {};

  /** Resolves once so many CheckTx have arrived. */
  async arrived(count: number): Promise<void> {
    while (this.checks.length < count)
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
  }

  info = () => ({ data: "test", version: "", appVersion: 0n, lastBlockHeight: 7n, lastBlockAppHash: new Uint8Array() });
  initChain = () => ({ validators: [], appHash: new Uint8Array() });
  query = (): never => {
    throw new TypeError("a fault of ours");
  };
  checkTx = ({ tx }: { tx: Uint8Array }) =>
    new Promise<ResponseCheckTx>((resolve) => {
      this.checks.push({ tx, answer: (code) => resolve({ ...CHECKED, code }) });
      this.#heard();
    });
  prepareProposal = (): never => {
    throw new VoidError("nobody waits for this");
  };
  processProposal = () => ({ status: 1 });
  finalizeBlock = () => ({ events: [], txResults: [], validatorUpdates: [], appHash: new Uint8Array() });
  commit = () => ({ retainHeight: 0n });
}

async function serving(options: Partial<AbciServerOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "hansa-abci-"));
  const application = new Held();
  const faults: unknown[] = [];
  const malformed: unknown[] = [];
  const server = new AbciServer({
    application,
    socket: join(folder, "abci.sock"),
    onFault: (error) => faults.push(error),
    onMalformed: (error) => malformed.push(error),
    ...options,
  });
  await server.listen();
  onTestFinished(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  return { application, faults, malformed, server, open: () => Client.open(join(folder, "abci.sock")) };
}

/** Speaks ABCI as CometBFT does. */
class Client {
  readonly socket: Socket;
  readonly answers: Response[] = [];
  readonly closed: Promise<void>;
  #heard: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader(1 << 20);
    socket.on("data", (part) => {
      reader.push(part, (bytes) => this.answers.push(Response.decode(bytes)));
      this.#heard();
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.on("close", () => resolve()));
  }

  static open(path: string): Promise<Client> {
    return new Promise((resolve) => {
      const socket = connect(path, () => resolve(new Client(socket)));
      onTestFinished(() => void socket.destroy());
    });
  }

  send(...requests: readonly Ask[]): void {
    this.socket.write(concatBytes(...requests.map((request) => frame(request))));
  }

  /** The answers, once there are so many. */
  async received(count: number): Promise<string[]> {
    while (this.answers.length < count)
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    return this.answers.map((answer) => Object.entries(answer).find(([, value]) => value !== undefined)?.[0] ?? "");
  }
}

function frame(request: Ask): Uint8Array {
  const bytes = Request.encode(Request.fromPartial(request as Parameters<typeof Request.fromPartial>[0])).finish();
  return concatBytes(frameLength(bytes.length), bytes);
}

const check = (text: string): Ask => ({ checkTx: { tx: encodeUtf8(text) } });

describe("the ABCI server", () => {
  it("answers in the order of the requests, whatever is ready first", async () => {
    const { application, open } = await serving();
    const client = await open();
    client.send(check("a"), { echo: { message: "hello" } }, check("b"), { flush: {} });
    await application.arrived(2);
    application.checks[1]?.answer(2);
    application.checks[0]?.answer(1);
    expect(await client.received(4)).toEqual(["checkTx", "echo", "checkTx", "flush"]);
    expect(client.answers.map(({ checkTx }) => checkTx?.code)).toEqual([1, undefined, 2, undefined]);
    expect(client.answers[1]?.echo?.message).toBe("hello");
  });

  it("serves connections side by side: one that waits holds up no other", async () => {
    const { application, open } = await serving();
    const clients = await Promise.all([open(), open(), open(), open()]);
    clients[0]?.send(check("held"), { flush: {} });
    await application.arrived(1);
    for (const client of clients.slice(1)) {
      client.send({ info: {} }, { flush: {} });
      expect(await client.received(2)).toEqual(["info", "flush"]);
    }
    expect(clients[0]?.answers).toEqual([]);
    application.checks[0]?.answer(0);
    expect(await clients[0]?.received(2)).toEqual(["checkTx", "flush"]);
  });

  it("answers every kind of call", async () => {
    const { open } = await serving();
    const client = await open();
    const calls: Ask[] = [
      { info: {} },
      { initChain: {} },
      { processProposal: {} },
      { finalizeBlock: {} },
      { commit: {} },
      { listSnapshots: {} },
      { offerSnapshot: {} },
      { loadSnapshotChunk: {} },
      { applySnapshotChunk: {} },
      { extendVote: {} },
      { verifyVoteExtension: {} },
      { echo: {} },
      { flush: {} },
    ];
    client.send(...calls);
    expect(await client.received(calls.length)).toEqual(calls.flatMap((call) => Object.keys(call)));
  });

  it("tells CometBFT of a fault of ours, and us", async () => {
    const { open, faults } = await serving();
    const client = await open();
    client.send({ query: { path: "/" } }, { flush: {} });
    expect(await client.received(2)).toEqual(["exception", "flush"]);
    expect(client.answers[0]?.exception?.error).toBe("a fault of ours");
    expect(faults.map(String)).toEqual(["TypeError: a fault of ours"]);
  });

  it("takes what became void for no fault", async () => {
    const { open, faults } = await serving();
    const client = await open();
    client.send({ prepareProposal: {} }, { flush: {} });
    await client.received(2);
    expect(faults).toEqual([]);
  });

  it("reads no further while it owes too many answers, and goes on after", async () => {
    const { application, open } = await serving({ mostOwed: 10 });
    const client = await open();
    // Larger than what sockets hold on both sides, so that not reading is felt.
    const large = "x".repeat(100_000);
    const count = 100;
    for (let i = 0; i < count; i++) client.send(check(`${i} ${large}`));
    await application.arrived(11);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(application.checks.length).toBeLessThan(count);
    for (let i = 0; i < count; i++) {
      await application.arrived(i + 1);
      application.checks[i]?.answer(i);
    }
    await client.received(count);
    expect(client.answers.map(({ checkTx }) => checkTx?.code)).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  it("closes on what is larger than allowed, before it has come", async () => {
    const { open, malformed } = await serving({ mostBytes: 1000 });
    const client = await open();
    client.socket.write(frameLength(1001));
    await client.closed;
    expect(malformed.map(String)).toEqual(["FrameError: a message of 1001 bytes, where 1000 are allowed"]);
  });

  it("closes on what asks for nothing or for several things", async () => {
    const { open, malformed } = await serving();
    for (const request of [
      { query: { path: "/" }, info: {} },
      { flush: {}, echo: {} },
    ]) {
      const client = await open();
      client.send(request);
      await client.closed;
    }
    const unknown = await open();
    // Field 100, of no request.
    unknown.socket.write(Uint8Array.of(3, 0xa2, 0x06, 0));
    await unknown.closed;
    expect(malformed).toHaveLength(3);
  });

  it("survives whatever bytes come, and goes on serving others", async () => {
    const { open, faults, application } = await serving({ mostBytes: 5000 });
    const valid = fc.constantFrom<Ask>(
      { echo: { message: "x" } },
      { info: { version: "0.38.25" } },
      { finalizeBlock: { txs: [encodeUtf8("tx")], height: 3n, hash: new Uint8Array(32) } },
      { processProposal: { txs: [encodeUtf8("tx")], proposedLastCommit: { round: 1, votes: [{ blockIdFlag: 2 }] } } },
      { offerSnapshot: { snapshot: { height: 5n, format: 1, chunks: 2 } } },
    );
    const spoiled = fc.tuple(valid, fc.nat(), fc.nat(255)).map(([request, at, byte]) => {
      const bytes = frame(request);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    const framed = fc
      .uint8Array({ minLength: 1, maxLength: 400 })
      .map((bytes) => concatBytes(frameLength(bytes.length), bytes));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(spoiled, framed, fc.uint8Array({ maxLength: 100 })), { maxLength: 5 }),
        async (parts) => {
          const client = await open();
          client.socket.end(concatBytes(...parts));
          // The server reads all of it, and closes once it has, or before.
          await client.closed;
        },
      ),
      { numRuns: 300 },
    );
    const client = await open();
    client.send({ echo: { message: "still here" } }, { flush: {} });
    expect(await client.received(2)).toEqual(["echo", "flush"]);
    // What was understood was asked of the application, whose query is at fault by design.
    expect(faults.every((fault) => fault instanceof TypeError && fault.message === "a fault of ours")).toBe(true);
    expect(application.checks.length).toBeLessThan(1500);
  });

  it("listens where a crash left its socket behind", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hansa-abci-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const socket = join(folder, "abci.sock");
    const make = () => new AbciServer({ application: new Held(), socket, onFault: () => {} });
    const [first, second] = [make(), make()];
    await first.listen();
    await second.listen();
    const client = await Client.open(socket);
    client.send({ info: {} });
    expect(await client.received(1)).toEqual(["info"]);
    expect(client.answers[0]?.info?.lastBlockHeight).toBe(7n);
    await second.close();
    await first.close();
  });
});
