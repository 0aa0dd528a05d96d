/** A trail as a table for people: one row per fact, in plain words. */
import type { Json } from "#base";
import { type Fact, fingerprintOfDid, isDid } from "#protocol";
import type { TrailStep } from "./trail-index.ts";

export interface TrailRow {
  /** Block time, ISO 8601 in UTC. */
  readonly time: string;
  readonly height: number;
  readonly index: number;
  /** What happened: one sentence without a full stop. */
  readonly what: string;
  /** Who signed. */
  readonly by: string;
}

/** How a DID is written in a row. */
export type NameOf = (did: string) => string;

/** The parts of one fact, as sentences use them. */
interface Words {
  /** First subject: a device, identity or linkage, named. */
  readonly subject: string;
  readonly model: string;
  readonly topic: string;
  readonly proposal: string;
  /** The issuer that a recognition is of, named. */
  readonly issuer: string;
  /** Id of a node, cut short. */
  readonly node: string;
  /** Which nodes vote from now on, and which no more. */
  readonly votes: string;
  /** A value of `data`, as text; DIDs named. */
  (name: string): string;
  /** A value in seconds, or milliseconds, since 1970 as a time. */
  readonly time: (name: string) => string;
  readonly reason: string;
}

const SENTENCES: { readonly [fact: string]: (words: Words) => string } = {
  "members.proposed": (w) => `${w.proposal} was made: ${change(w("kind"))}`,
  "members.approved": (w) => `${w.proposal} was approved by a member`,
  "members.rejected": (w) => `${w.proposal} was rejected by a member`,
  "members.withdrawn": (w) => `${w.proposal} was withdrawn`,
  "members.changed": (w) =>
    `${w.proposal} took effect with ${w("approvals")} of ${w("needed")} needed approvals: ${change(w("kind"))}`,
  "members.refused": (w) => `${w.proposal} failed: ${w("rejections")} rejections leave fewer than ${w("needed")} votes`,

  "identity.created": (w) => `the identity ${w.subject} was created`,
  "identity.keyAdded": (w) => `${w.subject} got the key ${w("key")} (version ${w("version")})`,
  "identity.keyRemoved": (w) => `${w.subject} lost the key ${w("key")} (version ${w("version")})`,
  "identity.keyRotated": (w) => `${w.subject} replaced the key ${w("from")} by ${w("to")} (version ${w("version")})`,
  "identity.serviceSet": (w) => `${w.subject} set its service ${w("service")} (version ${w("version")})`,
  "identity.serviceRemoved": (w) => `${w.subject} removed its service ${w("service")} (version ${w("version")})`,
  "identity.controllersSet": (w) =>
    `${w.subject} is controlled by ${w("controllers") || "itself alone"} (version ${w("version")})`,
  "identity.deactivated": (w) => `${w.subject} was deactivated for good (version ${w("version")})`,

  "devices.rootAdded": (w) => `the maker's root key ${w("root")} was registered`,
  "devices.rootRemoved": (w) => `the maker's root key ${w("root")} was removed`,
  "devices.modelDefined": (w) => `the model ${w.model} was defined`,
  "devices.firmwareAdded": (w) => `${w.model} got firmware ${w("version")}`,
  "devices.certified": (w) =>
    w("status") === "revoked"
      ? `the certification of ${w.model} with firmware ${w("firmware")} was revoked`
      : `${w.model} with firmware ${w("firmware")} was found ${w("status")} until ${w.time("until")}`,
  "devices.enrolled": (w) => `the device ${w.subject} was enrolled as a ${w("model")}`,
  "devices.challenged": (w) => `the device ${w.subject} was challenged, to answer before ${w.time("expires")}`,
  "devices.admitted": (w) =>
    `the device ${w.subject} was admitted until ${w.time("until")}: it attested firmware ${w("firmware")}, certified by ${w("lab")}`,
  "devices.quarantined": (w) => `the device ${w.subject} was put in quarantine${w.reason}`,
  "devices.released": (w) => `the device ${w.subject} was released from quarantine and must attest anew`,
  "devices.revoked": (w) => `the device ${w.subject} was revoked for good${w.reason}`,
  "devices.transferred": (w) => `the device ${w.subject} passed to another owner (ownership ${w("ownership")})`,
  "devices.recalled": (w) => `all devices of ${w.model} were recalled${w.reason}`,
  "devices.recallLifted": (w) => `the recall of ${w.model} was lifted`,

  "linkages.proposed": (w) => `the linkage ${w.subject} was proposed, accepted by ${w("accepted")}${active(w)}`,
  "linkages.accepted": (w) => `the linkage ${w.subject} was accepted by ${w("accepted")}${active(w)}`,
  "linkages.suspended": (w) => `the linkage ${w.subject} was suspended by ${w("by")}`,
  "linkages.activated": (w) => `the linkage ${w.subject} was let go on by ${w("by")}`,
  "linkages.withdrawn": (w) => `the linkage ${w.subject} was withdrawn by ${w("by")}`,
  "linkages.ended": (w) => `the linkage ${w.subject} ended`,
  "linkages.receiptsAnchored": (w) => `${w("size")} command receipts were anchored under ${w("root")}`,

  "topics.opened": (w) => `the topic ${w.topic} was opened`,
  "topics.changed": (w) => `the topic ${w.topic} got new rules`,
  "topics.closed": (w) => `the topic ${w.topic} was closed`,
  "topics.anchored": (w) => `the topic ${w.topic} was anchored at ${w("size")} events under ${w("root")}`,

  "nodes.registered": (w) => `the node ${w.node} was registered, reached at ${w("address")}`,
  "nodes.updated": (w) => `the node ${w.node} moved to ${w("address")}`,
  "nodes.ready": (w) => `the node ${w.node} had caught up with block ${w("height")}`,
  "nodes.retired": (w) => `the node ${w.node} was taken out`,
  "issuers.recognised": (w) => `${w.issuer} was recognised as an issuer of ${w("type")}`,
  "issuers.derecognised": (w) => `${w.issuer} is no longer recognised as an issuer of ${w("type")}`,
  "issuers.schemaRegistered": (w) => `version ${w("version")} of the schema ${w("schema")} was registered`,
  "statuses.published": (w) => `the status list ${w("list")} came to version ${w("version")}, for ${w("purpose")}`,
  "evidence.anchored": (w) => `${w("size")} documents were anchored under ${w("root")}`,
  "evidence.signed": (w) => `the documents under ${w("root")} were signed by ${w("signed")}`,
  "evidence.revoked": (w) => `${documents(w)} under ${w("root")} was revoked${w.reason}`,
  "evidence.unrevoked": (w) => `the revocation of ${documents(w)} under ${w("root")} was taken back`,

  "nodes.validatorsChanged": (w) =>
    `in consensus ${w.votes}: ${w("validators")} nodes, with a power of ${w("power")} in all`,
};

/** Facts that have a sentence of their own. */
export const DESCRIBED_FACTS: readonly string[] = Object.keys(SENTENCES);

function documents(words: Words): string {
  return words("index") === "" ? "all" : `document ${words("index")}`;
}

function change(kind: string): string {
  const words: { readonly [kind: string]: string } = {
    admit: "to admit a member",
    roles: "to change a member's roles",
    suspend: "to suspend a member",
    reinstate: "to reinstate a member",
    remove: "to remove a member",
    parameters: "to change the group's parameters",
    addValidator: "to let a node vote in consensus",
    removeValidator: "to let a node vote no more in consensus",
    recogniseIssuer: "to recognise an issuer",
    derecogniseIssuer: "to recognise an issuer no more",
  };
  return words[kind] ?? kind;
}

function active(words: Words): string {
  return words("status") === "active" ? " and is active" : "";
}

/** Last part of a DID, cut short, as it fits a table. */
export function shortenDid(did: string): string {
  const fingerprint = fingerprintOfDid(did);
  return fingerprint.length <= 10 ? fingerprint : `${fingerprint.slice(0, 6)}…${fingerprint.slice(-4)}`;
}

function wordsOf({ about, data }: Fact, nameOf: NameOf): Words {
  const say = (value: Json | undefined): string => {
    if (Array.isArray(value)) return value.map(say).join(", ");
    if (typeof value === "string") return isDid(value) ? nameOf(value) : value;
    return value === undefined || value === null
      ? ""
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);
  };
  const after = (prefix: string) => about.find((subject) => subject.startsWith(prefix))?.slice(prefix.length) ?? "";
  const words = (name: string) => say(data[name]);
  const time = (name: string) => {
    const value = data[name];
    if (typeof value !== "number") return "";
    // Contracts and claims count seconds, the ledger's own times milliseconds: those lie beyond 2^32 since 1970.
    return formatTime(value <= 0xffff_ffff ? value * 1000 : value);
  };
  return Object.assign(words, {
    subject: say(about[0]),
    model: after("model/"),
    topic: after("topic/"),
    proposal: `proposal ${after("proposal/")}`,
    issuer: say(after("issuer/").split("/").at(-1)),
    node: shortenNode(after("node/")),
    votes: votesOf(data["changes"]),
    time,
    reason: words("reason") === "" ? "" : `: ${words("reason")}`,
  });
}

function shortenNode(node: string): string {
  return node.length <= 10 ? node : `${node.slice(0, 6)}…${node.slice(-4)}`;
}

function votesOf(changes: Json | undefined): string {
  const all = Array.isArray(changes) ? (changes as readonly { readonly node: string; readonly power: number }[]) : [];
  return all
    .map(({ node, power }) => `${shortenNode(node)} ${power === 0 ? "votes no more" : `votes with ${power}`}`)
    .join(", ");
}

function formatTime(milliseconds: number): string {
  // The latest time that a Date holds.
  return milliseconds <= 8.64e15 ? new Date(milliseconds).toISOString() : String(milliseconds);
}

/** One fact in words; one that is not known here by its name and data. */
export function describeFact(fact: Fact, nameOf: NameOf = shortenDid): string {
  const sentence = Object.hasOwn(SENTENCES, fact.fact) ? SENTENCES[fact.fact] : undefined;
  return sentence === undefined ? `${fact.fact} ${JSON.stringify(fact.data)}` : sentence(wordsOf(fact, nameOf));
}

/**
 * Rows of a trail, one per fact, in the order of the steps.
 *
 * @param options - `nameOf`: how DIDs are written, by default their fingerprint cut short
 * @example
 * ```ts
 * const { items } = await trail.entries(device);
 * console.table(describeTrail(items, { nameOf: (did) => members.get(did)?.name ?? shortenDid(did) }));
 * ```
 */
export function describeTrail(
  steps: readonly Pick<TrailStep, "height" | "index" | "time" | "signers" | "facts">[],
  options: { readonly nameOf?: NameOf } = {},
): TrailRow[] {
  const nameOf = options.nameOf ?? shortenDid;
  return steps.flatMap(({ height, index, time, signers, facts }) =>
    facts.map((fact) => ({
      time: formatTime(time),
      height,
      index,
      what: describeFact(fact, nameOf),
      by: signers.map(nameOf).join(", "),
    })),
  );
}
