/** What a trail can be about, as facts name it, and the records that belong to it. */
import type { Json } from "#base";
import {
  CredentialType,
  Digest,
  isDid,
  LinkageId,
  ModelId,
  NodeId,
  SchemaId,
  StatusListId,
  TopicName,
} from "#protocol";
import { auditError } from "../errors.ts";

export type SubjectKind =
  | "did"
  | "linkage"
  | "topic"
  | "model"
  | "root"
  | "proposal"
  | "node"
  | "issuer"
  | "schema"
  | "status"
  | "evidence";

const FINGERPRINT = /^[1-9A-HJ-NP-Za-km-z]{26,28}$/;
const PROPOSAL = /^[1-9][0-9]{0,9}$/;
const LINKAGE = new RegExp(LinkageId.pattern as string);
const TYPE = new RegExp(CredentialType.pattern as string);
const LIST = new RegExp(StatusListId.pattern as string);
/** `<type>/<issuer>`: a type may hold slashes, a DID never does. */
const ISSUER = {
  test(rest: string): boolean {
    const cut = rest.lastIndexOf("/");
    return TYPE.test(rest.slice(0, cut)) && isDid(rest.slice(cut + 1));
  },
};
/** `<issuer>/<list>` */
const STATUS = {
  test(rest: string): boolean {
    const cut = rest.indexOf("/");
    return isDid(rest.slice(0, cut)) && LIST.test(rest.slice(cut + 1));
  },
};
/** By prefix: what must follow it. */
const NAMED: readonly (readonly [SubjectKind, string, { test(rest: string): boolean }])[] = [
  ["topic", "topic/", new RegExp(TopicName.pattern as string)],
  ["model", "model/", new RegExp(ModelId.pattern as string)],
  ["root", "root/", FINGERPRINT],
  ["proposal", "proposal/", PROPOSAL],
  ["node", "node/", new RegExp(NodeId.pattern as string)],
  ["issuer", "issuer/", ISSUER],
  ["schema", "schema/", new RegExp(SchemaId.pattern as string)],
  ["status", "status/", STATUS],
  ["evidence", "evidence/", new RegExp(Digest.pattern as string)],
];

/**
 * Kind of a subject.
 *
 * @throws HansaError `audit.unknown-subject`
 * @example
 * ```ts
 * kindOfSubject("topic/acme/things"); // "topic"
 * ```
 */
export function kindOfSubject(about: string): SubjectKind {
  if (isDid(about)) return "did";
  if (LINKAGE.test(about)) return "linkage";
  for (const [kind, prefix, rest] of NAMED)
    if (about.startsWith(prefix) && rest.test(about.slice(prefix.length))) return kind;
  throw auditError("audit.unknown-subject", "nothing is called this way", { about: about.slice(0, 100) });
}

/** Value of a record of now, `null` where there is none: `ledger.record`. */
export type ReadRecord = (key: string) => Json;

/**
 * Keys of the records that show a subject as it is now: its own, and those that it stands on (of a device its model, its maker's root
 * and the members behind both). Only present ones; where nothing of it is present, its first key, so that the absence is proved.
 *
 * @throws HansaError `audit.unknown-subject`
 * @example
 * ```ts
 * recordKeysFor(device, (key) => ledger.record(key)); // ["device/did:…", "identity/did:…", "model/acme/t1", "root/…", …]
 * ```
 */
export function recordKeysFor(about: string, read: ReadRecord): string[] {
  const own = ownKeys(about);
  const keys = new Set(own.filter((key) => read(key) !== null));
  // A proof without entries is held against its subject by name, and a proposal's key is not its name: both are proved absent.
  if (keys.size === 0) return [...new Set([own[0] as string, ...(about.startsWith("proposal/") ? [about] : [])])];
  for (const key of [...keys])
    for (const linked of linkedKeys(key, read(key))) if (read(linked) !== null) keys.add(linked);
  return [...keys];
}

function ownKeys(about: string): string[] {
  switch (kindOfSubject(about)) {
    case "did":
      return [`identity/${about}`, `device/${about}`, `challenge/${about}`, `member/${about}`];
    case "linkage":
      return [`linkage/${about}`];
    case "proposal":
      // As the ledger has it: ten digits, so that keys sort as numbers do.
      return [`proposal/${about.slice("proposal/".length).padStart(10, "0")}`];
    default:
      return [about];
  }
}

/** What a record stands on. */
function linkedKeys(key: string, value: Json): string[] {
  const record = membersOf(value);
  const link = (prefix: string, name: string) => (typeof record[name] === "string" ? [prefix + record[name]] : []);
  if (key.startsWith("device/"))
    return [
      ...link("model/", "model"),
      ...link("root/", "root"),
      ...link("member/", "maker"),
      ...link("member/", "operator"),
    ];
  if (key.startsWith("model/") || key.startsWith("root/")) return link("member/", "maker");
  if (key.startsWith("topic/")) return link("member/", "operator");
  if (key.startsWith("issuer/")) return [...link("member/", "issuer"), ...link("issuers/of/", "issuer")];
  if (key.startsWith("schema/")) return link("member/", "publisher");
  if (key.startsWith("status/") || key.startsWith("evidence/")) return link("member/", "issuer");
  if (key.startsWith("node/")) return link("member/", "member");
  return [];
}

function membersOf(value: Json): { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Json })
    : {};
}
