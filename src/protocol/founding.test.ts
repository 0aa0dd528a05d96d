import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { canonicalJson, encodeBase64Url } from "#base";
import { createSigner, encodeMultikey, type Signer } from "#crypto";
import {
  approveFounding,
  type CheckedFounding,
  checkFounding,
  combineFoundings,
  createFounding,
  DEFAULT_PARAMETERS,
  decodeFounding,
  decodeJoining,
  didOf,
  encodeFounding,
  FOUNDING_TYPE,
  type Founding,
  groupIdOf,
  JOINING_TYPE,
  type Joining,
  type JoiningKeys,
  type JoiningRequest,
  keyIdOf,
  missingApprovals,
  nodeProofInput,
  requireApproved,
  signCompact,
  signJoining,
  USUAL_POWER,
} from "./index.ts";

const NOW = 1_767_225_600_000;
const PARAMETERS = { ...DEFAULT_PARAMETERS, reads: "parties" } as const;

function signerOf(seed: number): Signer {
  return createSigner("Ed25519", new Uint8Array(32).fill(seed));
}

/** Keys of the member of this number. */
function keysOf(number: number): JoiningKeys {
  return { member: signerOf(number * 3), voting: signerOf(number * 3 + 1), node: signerOf(number * 3 + 2) };
}

function requestOf(number: number, changes: Partial<JoiningRequest> = {}): JoiningRequest {
  return {
    alliance: "hanse",
    group: "main",
    name: `Member ${number}`,
    roles: ["platform"],
    address: `host-${number}.example:7422`,
    now: NOW,
    seconds: 86_400,
    ...changes,
  };
}

const tokenOf = (number: number, changes: Partial<JoiningRequest> = {}) =>
  signJoining(requestOf(number, changes), keysOf(number));

/** A joining file whose claims were changed after its keys had signed their proofs, signed anew by its member. */
function forged(number: number, change: (joining: Joining) => object): string {
  const { member } = keysOf(number);
  const key = { algorithm: member.algorithm, bytes: member.publicKey };
  const joining = decodeJoining(tokenOf(number));
  return signCompact(change(joining), JOINING_TYPE, keyIdOf(joining.member.did, key), member);
}

const code = (name: string) => expect.objectContaining({ code: name });

let checked: CheckedFounding;
let founding: Founding;
beforeAll(() => {
  founding = createFounding(
    [1, 2, 3, 4].map((number) => tokenOf(number)),
    PARAMETERS,
    NOW + 1000,
  );
  checked = checkFounding(founding);
});

describe("a joining file", () => {
  it("says what its member asked with, and nothing of the secrets", () => {
    const token = tokenOf(1, { endpoint: "https://ledger.example:7420" });
    expect(decodeJoining(`${token}\n`)).toMatchObject({
      hansa: "joining/1",
      member: { name: "Member 1", roles: ["platform"] },
      node: { address: "host-1.example:7422", endpoint: "https://ledger.example:7420" },
      exp: NOW / 1000 + 86_400,
    });
  });

  it("may be without a node", () => {
    const { address: _, ...without } = requestOf(1);
    expect(decodeJoining(signJoining(without, keysOf(1)))).not.toHaveProperty("node");
  });

  it("is refused with any character changed", () => {
    const token = tokenOf(1);
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(..."AZaz09-_."), (at, character) => {
        if (token[at] === character) return;
        expect(() => decodeJoining(token.slice(0, at) + character + token.slice(at + 1))).toThrow();
      }),
    );
  });

  it.each<[string, string, (joining: Joining) => object]>([
    ["an unknown claim", "founding.malformed", (joining) => ({ ...joining, extra: 1 })],
    ["a life of years", "founding.malformed", (joining) => ({ ...joining, exp: joining.iat + 400 * 86_400 })],
    [
      "another member's DID",
      "founding.key",
      (joining) => {
        const key = { algorithm: "Ed25519", bytes: keysOf(2).member.publicKey } as const;
        return { ...joining, member: { ...joining.member, did: didOf("hanse", key) } };
      },
    ],
    ["another group than its proofs were made for", "founding.key", (joining) => ({ ...joining, group: "other" })],
    [
      "another member's voting key",
      "founding.key",
      (joining) => {
        const other = decodeJoining(tokenOf(2));
        return { ...joining, node: { ...joining.node, key: other.node?.key, proof: other.node?.proof } };
      },
    ],
    [
      "another member's node key",
      "founding.key",
      (joining) => {
        const other = decodeJoining(tokenOf(2)).node;
        const input = nodeProofInput("hanse:main", joining.member.did, other?.node ?? "");
        const proof = encodeBase64Url(keysOf(1).voting.sign(input));
        return { ...joining, node: { ...joining.node, node: other?.node, proof, nodeProof: other?.nodeProof } };
      },
    ],
  ])("is refused with %s", (_, wanted, change) => {
    expect(() => decodeJoining(forged(1, change))).toThrow(code(wanted));
  });

  it("is refused where one key serves two purposes", () => {
    const keys = keysOf(1);
    expect(() => signJoining(requestOf(1), { ...keys, voting: keys.member })).toThrow(code("founding.key"));
    expect(() => signJoining(requestOf(1), { ...keys, node: keys.voting })).toThrow(code("founding.key"));
  });

  it("is refused under another's signature", () => {
    const joining = decodeJoining(tokenOf(1));
    const { member } = keysOf(1);
    const kid = keyIdOf(joining.member.did, { algorithm: "Ed25519", bytes: member.publicKey });
    const token = signCompact(joining, JOINING_TYPE, kid, keysOf(2).member);
    expect(() => decodeJoining(token)).toThrow(code("token.signature"));
  });
});

describe("a founding file", () => {
  it("has one text, whatever the order of the joining files", () => {
    const other = createFounding(
      [4, 2, 1, 3].map((number) => tokenOf(number)),
      PARAMETERS,
      NOW + 1000,
    );
    expect(encodeFounding(other)).toBe(encodeFounding(founding));
    expect(decodeFounding(encodeFounding(founding)).groupId).toBe(groupIdOf(founding.genesis));
  });

  it("holds every founder as member and validator with equal votes, and nobody else", () => {
    const { members, engine } = founding.genesis;
    if (engine.kind !== "cometbft") throw new Error("the engine is another");
    expect(members.map(({ name }) => name).sort()).toEqual(["Member 1", "Member 2", "Member 3", "Member 4"]);
    expect(engine.validators.map(({ member, power }) => [member, power])).toEqual(
      members.map(({ did }) => [did, USUAL_POWER]),
    );
  });

  it("takes founders without a node as members alone, but not all of them", () => {
    const { address: _, ...without } = requestOf(2);
    const bare = signJoining(without, keysOf(2));
    const { genesis } = createFounding([tokenOf(1), bare], PARAMETERS, NOW);
    expect(genesis.members).toHaveLength(2);
    expect(genesis.engine).toMatchObject({ validators: [{ address: "host-1.example:7422" }] });
    expect(() => createFounding([bare], PARAMETERS, NOW)).toThrow(code("founding.no-node"));
  });

  it("is refused with any character changed", () => {
    const text = encodeFounding(approveFounding(checked, keysOf(1).member, NOW).founding).trimEnd();
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...'AZaz09-_."{}[], '), (at, character) => {
        if (text[at] === character) return;
        expect(() => decodeFounding(text.slice(0, at) + character + text.slice(at + 1))).toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it("is refused where another spelling hides the same value", () => {
    expect(() => decodeFounding(JSON.stringify(founding, null, 2))).toThrow(code("founding.malformed"));
  });

  it.each<[string, (founding: Founding) => unknown]>([
    [
      "a validator smuggled in",
      ({ genesis, ...rest }) => {
        const keys = keysOf(9);
        const engine = genesis.engine.kind === "cometbft" ? genesis.engine : undefined;
        const extra = {
          member: genesis.members[0]?.did,
          node: encodeMultikey({ algorithm: "Ed25519", bytes: keys.node.publicKey }),
          key: encodeMultikey({ algorithm: "Ed25519", bytes: keys.voting.publicKey }),
          address: "evil.example:7422",
          power: 10,
        };
        return {
          ...rest,
          genesis: { ...genesis, engine: { ...engine, validators: [...(engine?.validators ?? []), extra] } },
        };
      },
    ],
    [
      "a validator with more votes",
      ({ genesis, ...rest }) => {
        const engine = genesis.engine.kind === "cometbft" ? genesis.engine : undefined;
        const validators = engine?.validators.map((one, i) => (i === 0 ? { ...one, power: 100 } : one));
        return { ...rest, genesis: { ...genesis, engine: { ...engine, validators } } };
      },
    ],
    ["a member without a joining file", ({ joinings, ...rest }) => ({ ...rest, joinings: joinings.slice(1) })],
    ["a joining file without a member", ({ joinings, ...rest }) => ({ ...rest, joinings: [...joinings, tokenOf(5)] })],
    [
      "a role that its member did not ask for",
      ({ genesis, ...rest }) => {
        const members = genesis.members.map((one) => ({ ...one, roles: ["regulator"] }));
        return { ...rest, genesis: { ...genesis, members } };
      },
    ],
  ])("is refused with %s", (_, change) => {
    expect(() => checkFounding(change(founding))).toThrow(code("founding.differs"));
  });

  it("is refused where joining files stand in another order", () => {
    expect(() => checkFounding({ ...founding, joinings: [...founding.joinings].reverse() })).toThrow(
      code("founding.malformed"),
    );
  });

  it("takes no joining file of another group or alliance", () => {
    for (const other of [tokenOf(2, { group: "other" }), tokenOf(2, { alliance: "other" })])
      expect(() => createFounding([tokenOf(1), other], PARAMETERS, NOW)).toThrow(code("founding.group"));
  });

  it("takes no joining file that has run out, or of the future", () => {
    const tokens = [tokenOf(1), tokenOf(2, { seconds: 60 })];
    expect(() => createFounding(tokens, PARAMETERS, NOW + 61_000)).toThrow(code("founding.expired"));
    expect(() => createFounding(tokens, PARAMETERS, NOW - 400_000)).toThrow(code("founding.expired"));
  });

  it.each<[string, () => string]>([
    ["one member twice", () => tokenOf(1, { address: "other.example:7422", name: "Other" })],
    ["one name", () => tokenOf(2, { name: "Member 1" })],
    ["one address, however it is spelled", () => tokenOf(2, { address: "HOST-1.example:7422" })],
    ["one voting key", () => signJoining(requestOf(2), { ...keysOf(2), voting: keysOf(1).voting })],
    ["one node key", () => signJoining(requestOf(2), { ...keysOf(2), node: keysOf(1).node })],
    [
      "one's member key as another's voting key",
      () => signJoining(requestOf(2), { ...keysOf(2), voting: keysOf(1).member }),
    ],
  ])("refuses two founders with %s", (_, second) => {
    expect(() => createFounding([tokenOf(1), second()], PARAMETERS, NOW)).toThrow(code("founding.duplicate"));
  });
});

describe("approvals", () => {
  const approved = (...numbers: number[]) =>
    numbers.reduce((file, number) => approveFounding(file, keysOf(number).member, NOW), checked);

  it("are missing until every founder has signed", () => {
    const names = (file: CheckedFounding) =>
      missingApprovals(file)
        .map(({ name }) => name)
        .sort();
    expect(names(checked)).toHaveLength(4);
    expect(names(approved(1, 3))).toEqual(["Member 2", "Member 4"]);
    expect(() => requireApproved(approved(1, 2, 3))).toThrow(/Member 4/);
    expect(() => requireApproved(approved(1, 2, 3))).toThrow(code("founding.unapproved"));
    expect(() => requireApproved(approved(4, 3, 2, 1))).not.toThrow();
  });

  it("come together in any order into the same file", () => {
    const one = combineFoundings([approved(1, 2), approved(2, 3), approved(4)]);
    const other = combineFoundings([approved(4), approved(3, 1), approved(2)]);
    expect(encodeFounding(one.founding)).toBe(encodeFounding(other.founding));
    expect(missingApprovals(one)).toEqual([]);
  });

  it("are given once: signing again changes nothing", () => {
    const once = approved(1);
    expect(approveFounding(once, keysOf(1).member, NOW + 5000).founding).toEqual(once.founding);
  });

  it("of different groups do not mix", () => {
    const other = checkFounding(
      createFounding(
        [1, 2, 3, 4].map((n) => tokenOf(n)),
        PARAMETERS,
        NOW + 2000,
      ),
    );
    expect(() => combineFoundings([approved(1), other])).toThrow(code("founding.differs"));
    const moved = { ...other.founding, approvals: approved(1).founding.approvals };
    expect(() => checkFounding(moved)).toThrow(code("founding.approval"));
  });

  it("count from founders alone, each once", () => {
    expect(() => approveFounding(checked, keysOf(9).member, NOW)).toThrow(code("founding.approval"));
    const [token] = approved(1).founding.approvals;
    expect(() => checkFounding({ ...founding, approvals: [token, token] })).toThrow(code("founding.malformed"));
  });

  it("are refused under another founder's signature", () => {
    const key = { algorithm: "Ed25519", bytes: keysOf(1).member.publicKey } as const;
    const iss = didOf("hanse", key);
    const claims = { iss, sub: checked.groupId, iat: NOW / 1000 };
    const token = signCompact(claims, FOUNDING_TYPE, keyIdOf(iss, key), keysOf(2).member);
    expect(() => checkFounding({ ...founding, approvals: [token] })).toThrow(code("founding.approval"));
  });
});

it("writes canonical JSON", () => {
  expect(encodeFounding(founding)).toBe(`${canonicalJson(founding)}\n`);
});
