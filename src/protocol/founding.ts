/**
 * Founding file: a genesis, the joining files that it was made of, and each founder's signature over the group's id. Whoever has it can
 * check alone that the genesis holds exactly what the founders asked for and that all of them agreed. Nothing in it is secret.
 */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { canonicalJson, compareText, encodeUtf8, isHansaError, type Json, parseJson } from "#base";
import { decodeMultikey, type PublicKey, type Signer } from "#crypto";
import { didOf, keyIdOf } from "./did.ts";
import { protocolError } from "./errors.ts";
import { checkGenesis, Genesis, groupIdOf, type Predecessor } from "./genesis.ts";
import { decodeJoining, isCurrent, JOINING_LENGTH, type Joining } from "./joining.ts";
import { decodeToken, isSignedBy, signCompact } from "./jws.ts";
import { Closed, Did, List, Seconds } from "./operations/fields.ts";
import type { Parameters } from "./operations/members.ts";
import { USUAL_POWER } from "./operations/nodes.ts";

export const FOUNDING_TYPE = "hansa-founding+jwt";
/** Most bytes of a founding file. */
export const FOUNDING_BYTES = 2 ** 21;

const Token = Type.String({ maxLength: JOINING_LENGTH, pattern: "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$" });

export const Founding = Closed({
  hansa: Type.Literal("founding/1"),
  genesis: Genesis,
  /** One of each member, in the order of the members. */
  joinings: List(Token, 1, 100),
  /** At most one of each member, in the order of the members. */
  approvals: List(Token, 0, 100),
});
export type Founding = Static<typeof Founding>;

/** A founder's agreement. */
export const Approval = Closed({ iss: Did, /** The group's id. */ sub: Type.String({ maxLength: 128 }), iat: Seconds });
export type Approval = Static<typeof Approval>;

/** A founding file all of whose signatures hold. */
export interface CheckedFounding {
  readonly founding: Founding;
  readonly groupId: string;
  /** In the order of the genesis's members. */
  readonly joinings: readonly Joining[];
  readonly approvals: readonly Approval[];
}

/** Two that must differ, and did not. */
function refuseTwins(joinings: readonly Joining[]): void {
  const seen = new Map<string, string>();
  for (const { member, node } of joinings) {
    const own: readonly (readonly [string, string | undefined])[] = [
      ["DID", member.did],
      ["name", member.name],
      ["key", member.publicKey],
      ["key", node?.node],
      ["key", node?.key],
      ["address", node?.address.toLowerCase()],
      ["endpoint", node?.endpoint?.toLowerCase()],
    ];
    for (const [what, value] of own) {
      if (value === undefined) continue;
      const other = seen.get(`${what} ${value}`);
      if (other !== undefined)
        throw protocolError("founding.duplicate", `${other} and ${member.name} have the same ${what}`, {
          what,
          members: [other, member.name],
        });
      seen.set(`${what} ${value}`, member.name);
    }
  }
}

/** The one genesis that follows from joining files, parameters, a time, and the group that it goes on from, if any. */
function genesisOf(joinings: readonly Joining[], parameters: Parameters, time: number, from?: Predecessor): Genesis {
  const [first] = joinings;
  if (first === undefined)
    throw protocolError("founding.malformed", "a group wants at least one founder", { path: "/joinings" });
  const { alliance, group } = first;
  for (const joining of joinings) {
    if (joining.alliance !== alliance || joining.group !== group)
      throw protocolError(
        "founding.group",
        `${joining.member.name} asks for ${joining.alliance}:${joining.group}, ${first.member.name} for ${alliance}:${group}`,
        { groups: [`${alliance}:${group}`, `${joining.alliance}:${joining.group}`] },
      );
    if (!isCurrent(joining, time))
      throw protocolError(
        "founding.expired",
        `the joining file of ${joining.member.name} is not valid at the genesis's time`,
        {
          member: joining.member.did,
          from: joining.iat,
          until: joining.exp,
        },
      );
  }
  refuseTwins(joinings);
  const ordered = [...joinings].sort((a, b) => compareText(a.member.did, b.member.did));
  const validators = ordered.flatMap(({ member, node }) => {
    if (node === undefined) return [];
    const { endpoint } = node;
    return [
      {
        member: member.did,
        node: node.node,
        key: node.key,
        address: node.address,
        ...(endpoint === undefined ? {} : { endpoint }),
        power: USUAL_POWER,
      },
    ];
  });
  if (validators.length === 0)
    throw protocolError("founding.no-node", "no founder brings a node, so nobody could make blocks");
  return checkGenesis({
    version: 1,
    alliance,
    group,
    time,
    engine: { kind: "cometbft", validators },
    members: ordered.map(({ member }) => ({ ...member, roles: [...member.roles] })),
    parameters,
    ...(from === undefined ? {} : { from }),
  });
}

/**
 * Makes a founding file out of joining files. Everybody gets one vote in consensus. Nobody has agreed to it yet.
 *
 * @param time - of the genesis, milliseconds since 1970
 * @param from - the group that this one goes on from, as of one of its blocks
 * @throws HansaError `token.*`, `founding.*`, `proof.malformed` where the parameters could never decide anything
 * @example
 * ```ts
 * const founding = createFounding([acme, borea, castor, delphi], { ...DEFAULT_PARAMETERS, reads: "parties" }, Date.now());
 * ```
 */
export function createFounding(
  tokens: readonly string[],
  parameters: Parameters,
  time: number,
  from?: Predecessor,
): Founding {
  const pairs = tokens.map((text) => ({ token: text.trim(), joining: decodeJoining(text) }));
  const genesis = genesisOf(
    pairs.map(({ joining }) => joining),
    parameters,
    time,
    from,
  );
  const ordered = pairs.sort((a, b) => compareText(a.joining.member.did, b.joining.member.did));
  return { hansa: "founding/1", genesis, joinings: ordered.map(({ token }) => token), approvals: [] };
}

/** The file's text: canonical JSON, so that one founding has one spelling. */
export function encodeFounding(founding: Founding): string {
  return `${canonicalJson(founding)}\n`;
}

/**
 * Reads a founding file and checks all of it: that it is spelled canonically, that its genesis follows exactly from the joining files, and
 * that every signature holds. Whether all founders have agreed is for `missingApprovals`.
 *
 * @throws HansaError `founding.*`, `token.*`, `proof.malformed`
 */
export function decodeFounding(text: string): CheckedFounding {
  const bytes = encodeUtf8(text);
  if (bytes.length > FOUNDING_BYTES)
    throw protocolError("founding.malformed", `a founding file has at most ${FOUNDING_BYTES} bytes`, { path: "" });
  let value: Json;
  try {
    value = parseJson(bytes, { depth: 12, integers: true });
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw protocolError("founding.malformed", `founding file: ${error.message}`, { path: "" }, error);
  }
  if (canonicalJson(value) !== text.trimEnd())
    throw protocolError("founding.malformed", "the founding file is not spelled as Hansa wrote it (canonical JSON)", {
      path: "",
    });
  return checkFounding(value);
}

/**
 * Checks a founding file's value, as `decodeFounding` does for its text.
 *
 * @throws HansaError `founding.*`, `token.*`, `proof.malformed`
 */
export function checkFounding(value: unknown): CheckedFounding {
  if (!Value.Check(Founding, value)) {
    const first = Value.Errors(Founding, value).First();
    throw protocolError(
      "founding.malformed",
      `founding file: ${first?.path ?? ""} ${first?.message ?? "does not fit"}`,
      {
        path: first?.path ?? "",
      },
    );
  }
  const founding: Founding = value;
  const { genesis } = founding;
  const joinings = founding.joinings.map(decodeJoining);
  const follows = genesisOf(joinings, genesis.parameters, genesis.time, genesis.from);
  if (canonicalJson(follows) !== canonicalJson(genesis))
    throw protocolError("founding.differs", "the genesis is not the one that follows from the joining files", {
      problem: differenceOf(follows, genesis),
    });
  if (joinings.some(({ member }, i) => member.did !== genesis.members[i]?.did))
    throw protocolError("founding.malformed", "the joining files stand in another order than the members", {
      path: "/joinings",
    });
  const groupId = groupIdOf(genesis);
  const approvals = founding.approvals.map((token) => checkApproval(token, genesis, groupId));
  if (approvals.some(({ iss }, i) => i > 0 && compareText((approvals[i - 1] as Approval).iss, iss) >= 0))
    throw protocolError("founding.malformed", "approvals stand twice, or in another order than the members", {
      path: "/approvals",
    });
  return { founding, groupId, joinings, approvals };
}

/** The part in which two genesis files differ, for people. */
function differenceOf(wanted: Genesis, found: Genesis): string {
  const differs = (a: unknown, b: unknown) => canonicalJson(a ?? null) !== canonicalJson(b ?? null);
  for (const part of ["alliance", "group", "members", "engine"] as const)
    if (differs(wanted[part], found[part])) return part;
  return "genesis";
}

function checkApproval(token: string, genesis: Genesis, groupId: string): Approval {
  const decoded = decodeToken(token, FOUNDING_TYPE);
  if (!Value.Check(Approval, decoded.claims)) {
    const first = Value.Errors(Approval, decoded.claims).First();
    throw protocolError("founding.malformed", `approval: ${first?.path ?? ""} ${first?.message ?? "does not fit"}`, {
      path: first?.path ?? "",
    });
  }
  const approval = decoded.claims as Approval;
  const refused = (what: string) =>
    protocolError("founding.approval", `approval of ${approval.iss}: ${what}`, { member: approval.iss });
  const member = genesis.members.find(({ did }) => did === approval.iss);
  const key = member === undefined ? undefined : decodeMultikey(member.publicKey);
  if (key === undefined) throw refused("it is not a founder's");
  if (approval.sub !== groupId) throw refused("it is for another group");
  if (decoded.header.kid !== keyIdOf(approval.iss, key) || !isSignedBy(decoded, key))
    throw refused("its signature does not hold");
  return approval;
}

/** The founders who have not agreed yet, in the order of the members. */
export function missingApprovals({ founding, approvals }: CheckedFounding): readonly Genesis["members"][number][] {
  const agreed = new Set(approvals.map(({ iss }) => iss));
  return founding.genesis.members.filter(({ did }) => !agreed.has(did));
}

/** @throws HansaError `founding.unapproved` naming who is missing */
export function requireApproved(checked: CheckedFounding): void {
  const missing = missingApprovals(checked);
  if (missing.length > 0)
    throw protocolError("founding.unapproved", `not signed yet by ${missing.map(({ name }) => name).join(", ")}`, {
      missing: missing.map(({ did }) => did),
    });
}

/**
 * Adds a founder's approval; one that is there already stays.
 *
 * @param now - milliseconds since 1970
 * @throws HansaError `founding.approval` where the key is no founder's
 */
export function approveFounding(checked: CheckedFounding, member: Signer, now: number): CheckedFounding {
  const { founding, groupId } = checked;
  const key: PublicKey = { algorithm: member.algorithm, bytes: member.publicKey };
  const iss = didOf(founding.genesis.alliance, key);
  if (!founding.genesis.members.some(({ did }) => did === iss))
    throw protocolError("founding.approval", `${iss} is none of the founders`, { member: iss });
  const approval: Approval = { iss, sub: groupId, iat: Math.floor(now / 1000) };
  const token = signCompact(approval, FOUNDING_TYPE, keyIdOf(iss, key), member);
  return combineFoundings([checked, checkFounding({ ...founding, approvals: [token] })]);
}

/**
 * Puts the approvals of several files of one founding together. Of two approvals by one founder the first stays.
 *
 * @throws HansaError `founding.differs` where they are of different groups
 */
export function combineFoundings(files: readonly CheckedFounding[]): CheckedFounding {
  const [first, ...others] = files;
  if (first === undefined) throw protocolError("founding.malformed", "there is nothing to combine", { path: "" });
  const approvals = new Map<string, string>();
  for (const file of [first, ...others]) {
    if (file.groupId !== first.groupId)
      throw protocolError("founding.differs", `these are two groups: ${first.groupId} and ${file.groupId}`, {
        groups: [first.groupId, file.groupId],
      });
    for (const [i, { iss }] of file.approvals.entries())
      if (!approvals.has(iss)) approvals.set(iss, file.founding.approvals[i] as string);
  }
  const ordered = [...approvals].sort(([a], [b]) => compareText(a, b)).map(([, token]) => token);
  return checkFounding({ ...first.founding, approvals: ordered });
}
