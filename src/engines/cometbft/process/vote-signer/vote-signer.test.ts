import { createServer } from "node:net";
import { join } from "node:path";
import { Proposal, Vote } from "cosmjs-types/tendermint/types/types";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { concatBytes, decodeHex, encodeHex, encodeUtf8, equalBytes, systemClock } from "#base";
import { createSigner, randomBytes, suiteOf } from "#crypto";
import { memoryStore, type Said, tempFolder } from "../process.suite.ts";
import { decodeRequest, encodeAnswer, FrameReader, type SignerRequest } from "./messages.ts";
import { extensionSignBytes, proposalSignBytes, voteSignBytes } from "./sign-bytes.ts";
import { VoteSigner } from "./vote-signer.ts";
import { decodeLastSigned, encodeLastSigned, STEP } from "./vote-state.ts";

const CHAIN = "hansa-chain";
const TIME = { seconds: 1_767_225_600n, nanos: 123_456_789 };
const BLOCK = {
  hash: new Uint8Array(32).fill(0xab),
  partSetHeader: { total: 3, hash: new Uint8Array(32).fill(0xcd) },
};
const ID = `22480a20${"ab".repeat(32)}122408031220${"cd".repeat(32)}`;
const CHAIN_HEX = "0b68616e73612d636861696e";

/** What CometBFT v0.38.25 itself makes of these (`types.VoteSignBytes` and its fellows). */
const SIGN_BYTES = {
  precommit: `78080211141a99be1c000000190700000000000000${ID}2a0b0880f2d6ca0610959aef3a32${CHAIN_HEX}`,
  prevoteForNone: `1a08011101000000000000002a0032${CHAIN_HEX}`,
  extension: `1f11141a99be1c00000019070000000000000022${CHAIN_HEX}`,
  proposal: `7a082011050000000000000020ffffffffffffffffff012a${ID.slice(2)}320b0880f2d6ca0610959aef3a3a${CHAIN_HEX}`,
  lockedProposal: `7a082011050000000000000019030000000000000020022a${ID.slice(2)}320b088092b8c398feffffff013a${CHAIN_HEX}`,
};

function makeSigner(options: { store?: ReturnType<typeof memoryStore>; lost?: boolean; secret?: Uint8Array } = {}) {
  const said: Said[] = [];
  const say = (level: Said["level"]) => (fields: object, message: string) => void said.push({ level, fields, message });
  const signer = createSigner("Ed25519", options.secret ?? randomBytes(32));
  const store = options.store ?? memoryStore();
  const made = new VoteSigner({
    path: "/nowhere",
    chainId: CHAIN,
    signer,
    store,
    lost: options.lost === true,
    log: { info: say("info"), warn: say("warn"), error: say("error") },
    clock: systemClock,
  });
  return { made, signer, store, said };
}

function vote(height: number, round: number, type: 1 | 2, block = 1, nanos = 0): SignerRequest {
  const blockId =
    block === 0
      ? undefined
      : { hash: new Uint8Array(32).fill(block), partSetHeader: { total: 1, hash: new Uint8Array(32).fill(block) } };
  const fields = {
    type,
    height: BigInt(height),
    round,
    timestamp: { seconds: 100n, nanos },
    ...(blockId && { blockId }),
  };
  return { kind: "vote", chainId: CHAIN, vote: Vote.fromPartial(fields) };
}

function proposal(height: number, round: number, block = 1, nanos = 0): SignerRequest {
  const hash = new Uint8Array(32).fill(block);
  const blockId = { hash, partSetHeader: { total: 1, hash } };
  const fields = {
    type: 32,
    height: BigInt(height),
    round,
    polRound: -1,
    timestamp: { seconds: 100n, nanos },
    blockId,
  };
  return { kind: "proposal", chainId: CHAIN, proposal: Proposal.fromPartial(fields) };
}

/** Place, signature and sign bytes of an answer; `undefined` for a refusal. */
function signedIn(signer: VoteSigner, request: SignerRequest) {
  const answer = signer.answer(request);
  if (answer.kind === "vote" && answer.refusal === undefined) {
    const { height, round, type, timestamp, signature, blockId } = answer.vote as Vote;
    const block = blockId.hash.length === 0 ? undefined : blockId;
    const bytes = voteSignBytes(CHAIN, { type, height, round, block, time: timestamp });
    return { place: `${height}/${round}/${type}`, signature, bytes };
  }
  if (answer.kind === "proposal" && answer.refusal === undefined) {
    const { height, round, polRound, timestamp, signature, blockId } = answer.proposal as Proposal;
    const bytes = proposalSignBytes(CHAIN, { height, round, lockedRound: polRound, block: blockId, time: timestamp });
    return { place: `${height}/${round}/0`, signature, bytes };
  }
  return undefined;
}

const refused = (signer: VoteSigner, request: SignerRequest) => signedIn(signer, request) === undefined;

describe("sign bytes", () => {
  it("are CometBFT's own", () => {
    const precommit = { type: 2, height: 123_456_789_012n, round: 7, block: BLOCK, time: TIME };
    expect(encodeHex(voteSignBytes(CHAIN, precommit))).toBe(SIGN_BYTES.precommit);
    const none = { type: 1, height: 1n, round: 0, block: undefined, time: { seconds: 0n, nanos: 0 } };
    expect(encodeHex(voteSignBytes(CHAIN, none))).toBe(SIGN_BYTES.prevoteForNone);
    expect(encodeHex(extensionSignBytes(CHAIN, 123_456_789_012n, 7))).toBe(SIGN_BYTES.extension);
    const first = { height: 5n, round: 0, lockedRound: -1, block: BLOCK, time: TIME };
    expect(encodeHex(proposalSignBytes(CHAIN, first))).toBe(SIGN_BYTES.proposal);
    const zeroTime = { seconds: -62_135_596_800n, nanos: 0 };
    const locked = { height: 5n, round: 3, lockedRound: 2, block: BLOCK, time: zeroTime };
    expect(encodeHex(proposalSignBytes(CHAIN, locked))).toBe(SIGN_BYTES.lockedProposal);
  });
});

describe("messages", () => {
  it("are read as CometBFT writes them, however the stream is cut", () => {
    const stream = concatBytes(
      ...[
        `8c011a89010a7a08021094b4e4f4cb03180722${ID.slice(2)}2a0b0880f2d6ca0610959aef3a3214${"01".repeat(20)}380212${CHAIN_HEX}`,
        `772a750a660820100520ffffffffffffffffff012a${ID.slice(2)}320b0880f2d6ca0610959aef3a12${CHAIN_HEX}`,
        `0f0a0d0a${CHAIN_HEX}`,
        "023a00",
      ].map((hex) => decodeHex(hex) as Uint8Array),
    );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: stream.length }), { maxLength: 8 }), (cuts) => {
        const reader = new FrameReader();
        const ends = [...cuts.sort((a, b) => a - b), stream.length];
        const frames = ends.flatMap((end, i) => reader.push(stream.slice(i === 0 ? 0 : ends[i - 1], end)));
        const requests = frames.map(decodeRequest);
        expect(requests.map((request) => request?.kind)).toEqual(["vote", "proposal", "key", "ping"]);
        expect(requests[0]).toMatchObject({ chainId: CHAIN, vote: { height: 123_456_789_012n, round: 7, type: 2 } });
        expect(requests[1]).toMatchObject({ chainId: CHAIN, proposal: { height: 5n, polRound: -1 } });
        expect(requests[2]).toEqual({ kind: "key", chainId: CHAIN });
      }),
    );
  });

  it("never make the reader fail other than by refusing, and never grow without a bound", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeRequest(bytes)));
    expect(() => new FrameReader().push(new Uint8Array([0xff, 0x7f]))).toThrow(RangeError);
    expect(() => new FrameReader().push(new Uint8Array([0x80, 0x80, 0x80]))).toThrow(RangeError);
  });
});

describe("what was signed last", () => {
  it("comes back as it was kept", () => {
    const place = fc.record({
      height: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      round: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      step: fc.constantFrom(...Object.values(STEP)),
    });
    const signed = fc.record({
      signBytes: fc.uint8Array({ minLength: 1, maxLength: 200 }),
      signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
      time: fc.record({ seconds: fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }), nanos: fc.nat(999_999_999) }),
    });
    fc.assert(
      fc.property(place, fc.option(signed, { nil: undefined }), (where, what) => {
        const state = what === undefined ? where : { ...where, signed: what };
        expect(decodeLastSigned(CHAIN, encodeLastSigned(CHAIN, state))).toEqual(state);
      }),
    );
  });

  it("is not guessed at: cut, foreign or another chain's bytes are refused", () => {
    const bytes = encodeLastSigned(CHAIN, { height: 5n, round: 0, step: STEP.prevote });
    const damaged = expect.objectContaining({ code: "engine.vote-state-damaged" });
    expect(() => decodeLastSigned("other", bytes)).toThrow(damaged);
    expect(() => decodeLastSigned(CHAIN, encodeUtf8("{}"))).toThrow(damaged);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeLastSigned(CHAIN, bytes.slice(0, length)), `${length}`).toThrow(damaged);
  });
});

describe("the vote signer", () => {
  it("signs what CometBFT verifies", () => {
    const { made, signer } = makeSigner();
    const suite = suiteOf("Ed25519");
    for (const request of [proposal(1, 0), vote(1, 0, 1), vote(1, 0, 2), vote(2, 3, 1, 0)]) {
      const signed = signedIn(made, request);
      expect(signed && suite.verify(signed.bytes, signed.signature, signer.publicKey)).toBe(true);
    }
    const precommit = made.answer(vote(3, 0, 2));
    const extension = precommit.kind === "vote" ? precommit.vote?.extensionSignature : undefined;
    expect(suite.verify(extensionSignBytes(CHAIN, 3n, 0), extension as Uint8Array, signer.publicKey)).toBe(true);
    const none = made.answer(vote(4, 0, 2, 0));
    expect(none).toMatchObject({ vote: { extensionSignature: new Uint8Array(0) } });
  });

  it("gives its key and signs for its own chain alone", () => {
    const { made, signer } = makeSigner();
    expect(made.answer({ kind: "key", chainId: CHAIN })).toEqual({ kind: "key", key: signer.publicKey });
    expect(made.answer({ kind: "key", chainId: "other" })).not.toHaveProperty("key");
    expect(made.answer({ ...vote(1, 0, 1), chainId: "other" } as SignerRequest)).not.toHaveProperty("vote");
    expect(made.answer({ ...proposal(1, 0), chainId: "other" } as SignerRequest)).not.toHaveProperty("proposal");
    expect(made.answer({ kind: "ping" })).toEqual({ kind: "ping" });
  });

  it("never gives two different signatures for one place, whatever it is asked and however often it is restarted", () => {
    const height = fc.integer({ min: 1, max: 4 });
    const round = fc.integer({ min: 0, max: 2 });
    const block = fc.integer({ min: 0, max: 2 });
    const nanos = fc.integer({ min: 0, max: 3 });
    const request = fc.oneof(
      fc.tuple(height, round, fc.constantFrom(1 as const, 2 as const), block, nanos).map((args) => vote(...args)),
      fc.tuple(height, round, fc.integer({ min: 1, max: 2 }), nanos).map((args) => proposal(...args)),
    );
    const step = fc.oneof(
      { weight: 8, arbitrary: request.map((asked) => ({ asked })) },
      { weight: 1, arbitrary: fc.constant({ restart: true as const }) },
      { weight: 1, arbitrary: fc.constant({ failing: true as const }) },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 80 }), fc.boolean(), (steps, lost) => {
        const secret = randomBytes(32);
        const store = memoryStore();
        let failing = false;
        const write = store.write.bind(store);
        store.write = (bytes) => {
          if (failing) throw new Error("the disk is full");
          write(bytes);
        };
        let { made } = makeSigner({ secret, store, lost });
        const given = new Map<string, Uint8Array>();
        let furthest = "";
        for (const next of steps) {
          if ("restart" in next) ({ made } = makeSigner({ secret, store, lost }));
          else if ("failing" in next) failing = !failing;
          else {
            const signed = signedIn(made, next.asked);
            if (signed === undefined) continue;
            const before = given.get(signed.place);
            if (before !== undefined) expect(equalBytes(before, signed.signature)).toBe(true);
            // Never back, either: what was left behind is never signed afterwards.
            else expect(signed.place > furthest).toBe(true);
            given.set(signed.place, signed.signature);
            furthest = signed.place > furthest ? signed.place : furthest;
            expect(decodeLastSigned(CHAIN, store.bytes as Uint8Array).signed?.signature).toEqual(signed.signature);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("gives the earlier moment and signature where nothing but the moment differs", () => {
    const { made, store } = makeSigner();
    const first = made.answer(vote(1, 0, 1, 1, 5));
    const second = made.answer(vote(1, 0, 1, 1, 900));
    expect(second).toEqual(first);
    expect(store.writes).toBe(1);
    expect(refused(made, vote(1, 0, 1, 2, 5))).toBe(true);
  });

  it("keeps what it signs before the signature leaves, and signs nothing that cannot be kept", () => {
    const store = memoryStore();
    store.write = () => {
      throw new Error("the disk is full");
    };
    const { made } = makeSigner({ store });
    expect(made.answer(vote(1, 0, 1))).toEqual({ kind: "vote", refusal: "what is signed could not be kept" });
  });

  it("signs nothing where what it signed last is damaged, and says so", () => {
    const bytes = encodeLastSigned(CHAIN, { height: 5n, round: 0, step: STEP.prevote });
    const { made, said } = makeSigner({ store: memoryStore(bytes.slice(0, -1)), lost: true });
    made.start();
    made.stop();
    expect(refused(made, vote(100, 0, 1))).toBe(true);
    expect(said).toContainEqual(
      expect.objectContaining({
        level: "error",
        fields: { err: expect.objectContaining({ code: "engine.vote-state-damaged" }) },
      }),
    );
  });

  it("leaves out the first height where what it signed before was lost, restarts included, and signs from the next on", () => {
    const store = memoryStore();
    const first = makeSigner({ store, lost: true });
    for (const request of [vote(8, 0, 1), vote(8, 0, 2), proposal(8, 5), vote(8, 9, 2)])
      expect(refused(first.made, request)).toBe(true);
    const again = makeSigner({ store, lost: false });
    expect(refused(again.made, vote(8, 10, 2))).toBe(true);
    expect(refused(again.made, vote(9, 0, 1))).toBe(false);
  });

  it("does not take a height for left out as long as that could not be kept", () => {
    const store = memoryStore();
    const write = store.write.bind(store);
    store.write = () => {
      throw new Error("the disk is full");
    };
    const { made } = makeSigner({ store, lost: true });
    expect(refused(made, vote(8, 0, 1))).toBe(true);
    store.write = write;
    expect(refused(made, vote(8, 1, 1))).toBe(true);
    expect(refused(made, vote(9, 0, 1))).toBe(false);
  });

  it("refuses what is no vote: another type, half a block, an extension, a place that does not exist", () => {
    const { made } = makeSigner();
    const base = (vote(5, 0, 2) as Extract<SignerRequest, { kind: "vote" }>).vote;
    const half = { hash: new Uint8Array(32), partSetHeader: { total: 0, hash: new Uint8Array(0) } };
    const bad = [
      { type: 32 },
      { type: 0 },
      { blockId: half },
      { extension: new Uint8Array([1]) },
      { height: 0n },
      { round: -1 },
    ];
    for (const change of bad)
      expect(refused(made, { kind: "vote", chainId: CHAIN, vote: { ...base, ...change } as Vote })).toBe(true);
    expect(refused(made, vote(5, 0, 2))).toBe(false);
  });
});

describe("the signer's connection", () => {
  let folder: ReturnType<typeof tempFolder> | undefined;
  afterEach(() => folder?.remove());

  it("is dialled until somebody listens, and anew when it was cut or sent what is no message", async () => {
    folder = tempFolder();
    const path = join(folder.path, "s.sock");
    const signer = createSigner("Ed25519");
    const silent = { info: () => {}, warn: () => {}, error: () => {} };
    const made = new VoteSigner({
      path,
      chainId: CHAIN,
      signer,
      store: memoryStore(),
      lost: false,
      log: silent,
      clock: systemClock,
    });
    made.start();
    const ping = new Uint8Array([2, 0x3a, 0]);
    const answers: string[] = [];
    let connections = 0;
    await new Promise<void>((resolve) => {
      const server = createServer((socket) => {
        connections++;
        socket.on("error", () => {});
        if (connections === 1) socket.destroy();
        else if (connections === 2) socket.write(new Uint8Array([3, 1, 2, 3]));
        else {
          socket.write(ping);
          socket.on("data", (data) => {
            answers.push(encodeHex(data));
            socket.destroy();
            server.close(() => resolve());
          });
        }
      });
      server.listen(path);
    });
    made.stop();
    expect(connections).toBe(3);
    expect(answers).toEqual([encodeHex(encodeAnswer({ kind: "ping" }))]);
  });
});
