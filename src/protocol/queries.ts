/** Named questions to the ledger: one definition for modules, HTTP, OpenAPI, sdk and CLI. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import type { CertificationStatus } from "./operations/devices.ts";
import { Closed, Did, Digest, ModelId, type Role, TopicName, Version } from "./operations/fields.ts";
import { GrantId } from "./operations/grants.ts";
import type { Relationship, Service } from "./operations/identity.ts";
import { CredentialType, SchemaId } from "./operations/issuers.ts";
import { type Contract, LinkageId } from "./operations/linkages.ts";
import type { MemberChange } from "./operations/members.ts";
import { NodeId } from "./operations/nodes.ts";
import { StatusListId, type StatusListKind } from "./operations/statuses.ts";
import type { TopicRule } from "./operations/topics.ts";

const Page = {
  after: Type.Optional(Type.String({ maxLength: 256, description: "`next` of the page before" })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
};
const Height = Type.Optional(Type.Integer({ minimum: 0, description: "as of the end of this block" }));

/** Arguments of every query. Lists answer `{ items, next? }`; single ones the record, or the error `query.not-found`. */
export const QUERIES = {
  "members.list": Closed({ ...Page }),
  "members.get": Closed({ member: Did, height: Height }),
  "members.parameters": Closed({ height: Height }),
  "members.proposals": Closed({ ...Page }),
  "members.proposal": Closed({ proposal: Type.Integer({ minimum: 1 }) }),
  "identity.resolve": Closed({
    did: Did,
    height: Height,
    time: Type.Optional(Type.Integer({ minimum: 0, description: "milliseconds since 1970" })),
    version: Type.Optional(Type.Integer({ minimum: 1 })),
  }),
  "identity.versions": Closed({ did: Did }),
  "devices.roots": Closed({ maker: Type.Optional(Did), ...Page }),
  "devices.models": Closed({ ...Page }),
  "devices.model": Closed({ model: ModelId, height: Height }),
  "devices.list": Closed({ ...Page }),
  "devices.get": Closed({ device: Did, height: Height }),
  "linkages.list": Closed({ ...Page }),
  "linkages.get": Closed({ linkage: LinkageId, height: Height }),
  "nodes.list": Closed({ ...Page }),
  "nodes.get": Closed({ node: NodeId, height: Height }),
  "nodes.validators": Closed({ height: Height }),
  "topics.list": Closed({ ...Page }),
  "topics.get": Closed({ topic: TopicName, height: Height }),
  "issuers.list": Closed({ type: Type.Optional(CredentialType), ...Page }),
  "issuers.get": Closed({ issuer: Did, type: CredentialType, height: Height }),
  "issuers.recognised": Closed({
    issuer: Did,
    type: CredentialType,
    time: Type.Optional(Type.Integer({ minimum: 0, description: "milliseconds since 1970; now, where left out" })),
  }),
  "issuers.schemas": Closed({ ...Page }),
  "issuers.schema": Closed({ schema: SchemaId, height: Height }),
  "issuers.schemaVersions": Closed({ schema: SchemaId, ...Page }),
  "issuers.schemaVersion": Closed({ schema: SchemaId, version: Version }),
  "statuses.list": Closed({ issuer: Type.Optional(Did), ...Page }),
  "statuses.get": Closed({ issuer: Did, list: StatusListId, height: Height }),
  "evidence.list": Closed({ ...Page }),
  "evidence.get": Closed({ root: Digest, height: Height }),
  "evidence.document": Closed({
    root: Digest,
    index: Type.Integer({ minimum: 0, description: "place of the document below the root" }),
    height: Height,
  }),
  "grants.list": Closed({ ...Page }),
  "grants.byOwner": Closed({ owner: Did, ...Page }),
  "grants.byRecipient": Closed({ recipient: Did, ...Page }),
  "grants.byProvider": Closed({ provider: Did, ...Page }),
  "grants.get": Closed({ grant: GrantId, height: Height }),
} as const satisfies Record<string, TSchema>;

export type QueryName = keyof typeof QUERIES;
export type QueryArgs<Name extends QueryName> = Static<(typeof QUERIES)[Name]>;

/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** `after` of the page that follows; absent on the last. */
  readonly next?: string;
}

/** A member as it stands on the ledger. */
export interface MemberRecord {
  readonly did: Did;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly status: "active" | "suspended" | "removed";
  /** Block time of its admission, milliseconds. */
  readonly since: number;
}

/** A proposal and its votes. */
export interface ProposalRecord {
  readonly proposal: number;
  readonly change: MemberChange;
  readonly reason?: string;
  readonly proposer: Did;
  readonly status: "open" | "accepted" | "withdrawn" | "refused" | "expired";
  readonly approvals: readonly Did[];
  readonly rejections: readonly Did[];
  /** Milliseconds. */
  readonly expires: number;
}

/** A DID as the ledger keeps it; `identity.resolve` adds the DID document. */
export interface IdentityRecord {
  readonly did: Did;
  readonly version: number;
  readonly deactivated: boolean;
  readonly controllers: readonly Did[];
  readonly keys: readonly {
    /** Fingerprint: the fragment of the key's DID URL. */
    readonly id: string;
    readonly publicKey: string;
    readonly relationships: readonly Relationship[];
  }[];
  readonly services: readonly Service[];
  /** Block times, milliseconds. */
  readonly created: number;
  readonly updated: number;
}

/** A maker's product model. */
export interface ModelRecord {
  readonly model: string;
  readonly maker: Did;
  readonly name: string;
  /** Digest of the Thing Description. */
  readonly description: string;
  readonly firmware: readonly { readonly version: string; readonly digest: string }[];
  readonly certifications: readonly {
    readonly firmware: string;
    readonly lab: Did;
    readonly status: CertificationStatus;
    readonly evidence: string;
    /** Seconds since 1970. */
    readonly until: number;
    /** Block time, milliseconds. */
    readonly at: number;
  }[];
  readonly recall: { readonly by: Did; readonly reason: string; readonly at: number } | null;
}

/** A device as the ledger keeps it. */
export interface DeviceRecord {
  readonly device: Did;
  readonly model: string;
  readonly maker: Did;
  /** Key id of the root that signed its certificate. */
  readonly root: string;
  /** The platform that took it in. */
  readonly operator: Did;
  readonly owner: Did;
  readonly status: "enrolled" | "admitted" | "quarantined" | "revoked";
  /** End of its maker's certificate, seconds since 1970: no admission lasts longer. */
  readonly certificateUntil: number;
  readonly admission: {
    readonly firmware: string;
    /** Seconds since 1970. */
    readonly until: number;
    /** Block time, milliseconds. */
    readonly at: number;
  } | null;
  readonly reason: string | null;
  /** Counts changes of owner. */
  readonly ownership: number;
}

/** What `devices.get` answers: the record, and what it comes to now that model and admission's expiry are looked at. */
export interface DeviceView extends DeviceRecord {
  readonly effective:
    | "enrolled"
    | "admitted"
    | "expired"
    | "suspended"
    | "quarantined"
    | "recalled"
    | "uncertified"
    | "revoked";
}

/** A linkage as the ledger keeps it. */
export interface LinkageRecord {
  readonly linkage: string;
  readonly contract: Contract;
  readonly proposer: Did;
  readonly accepted: readonly Did[];
  readonly status: "proposed" | "active" | "suspended" | "withdrawn" | "ended";
  readonly suspendedBy: Did | null;
  readonly reason: string | null;
  /** Height of its last change of status: commands name it as their version. */
  readonly version: number;
  readonly done: number;
  readonly refused: number;
}

/** What `linkages.get` answers: `effective` is `unaccepted` where a device has an owner who is no party; then nothing runs. */
export interface LinkageView extends LinkageRecord {
  readonly effective: LinkageRecord["status"] | "unaccepted";
}

/** A member's node as the ledger keeps it. */
export interface NodeRecord {
  readonly node: NodeId;
  readonly member: Did;
  /** Multikeys: among peers, and in consensus. */
  readonly nodeKey: string;
  readonly key: string;
  readonly address: string;
  readonly endpoint: string | null;
  /** Voting power; 0: it does not vote. */
  readonly power: number;
  /** Height at which it last said that it has caught up. */
  readonly ready: number | null;
  /** `retired`: its member took it out, peers refuse it. */
  readonly status: "registered" | "retired";
  /** What consensus caught it at, oldest first, the last 16. */
  readonly misbehaviour: readonly {
    readonly kind: string;
    readonly block: number;
    readonly height: number;
    readonly at: number;
  }[];
  /** Block time of its registration, milliseconds. */
  readonly since: number;
}

/** Who votes in consensus: the record `nodes/validators`, ascending by node. */
export interface ValidatorsRecord {
  readonly validators: readonly { readonly node: NodeId; readonly key: string; readonly power: number }[];
}

/** A topic as the ledger keeps it. */
export interface TopicRecord {
  readonly topic: string;
  readonly operator: Did;
  readonly status: "open" | "closed";
  readonly publish: readonly TopicRule[];
  readonly subscribe: readonly TopicRule[];
  /** Last anchored checkpoint. */
  readonly checkpoint: { readonly size: number; readonly root: string } | null;
}

/** A time during which something held: `until` is `null` as long as it does. Block times, milliseconds. */
export interface Interval {
  readonly from: number;
  readonly until: number | null;
}

/** A member that was recognised as issuer of a type of credentials. */
export interface IssuerRecord {
  readonly issuer: Did;
  readonly type: string;
  readonly status: "recognised" | "derecognised";
  /** When it was recognised, oldest first: the last 64 times. */
  readonly recognised: readonly Interval[];
}

/** What `issuers.get` answers: `effective` is `suspended` where the issuer is no active member. */
export interface IssuerView extends IssuerRecord {
  readonly effective: IssuerRecord["status"] | "suspended";
}

/** What `issuers.recognised` answers: also of an issuer that nobody knows. */
export interface RecognitionView {
  readonly issuer: Did;
  readonly type: string;
  /** Milliseconds. */
  readonly time: number;
  readonly recognised: boolean;
}

/** A schema of credentials. */
export interface SchemaRecord {
  readonly schema: string;
  readonly publisher: Did;
  /** Newest version, and how many there are. */
  readonly latest: string;
  readonly versions: number;
  /** Block time of its first version, milliseconds. */
  readonly since: number;
}

/** A version of a schema: it never changes. */
export interface SchemaVersionRecord {
  readonly schema: string;
  readonly version: string;
  readonly type: string;
  readonly publisher: Did;
  readonly digest: string;
  readonly uri: string | null;
  /** Block time, milliseconds. */
  readonly at: number;
}

/** What an issuer's status list holds since the last publication. */
export interface StatusListRecord {
  readonly issuer: Did;
  readonly list: string;
  readonly kind: StatusListKind;
  readonly purpose: string;
  readonly bits: 1 | 2 | 4 | 8;
  readonly size: number;
  readonly version: number;
  /** SHA-256 of the list's bytes, uncompressed. */
  readonly digest: string;
  readonly uri: string | null;
  /** Block time, milliseconds. */
  readonly at: number;
}

/** Who revoked evidence, and when (block time, milliseconds). */
export interface Revocation {
  readonly by: Did;
  readonly reason: string | null;
  readonly at: number;
}

/** Documents whose salted hashes lie below one root. */
export interface EvidenceRecord {
  readonly root: string;
  readonly size: number;
  readonly note: string | null;
  readonly issuer: Did;
  /** Who was named to sign; `at`: block time of the signature, milliseconds, `null` as long as there is none. */
  readonly signers: readonly { readonly did: Did; readonly at: number | null }[];
  readonly revoked: Revocation | null;
  /** Block time, milliseconds. */
  readonly at: number;
}

/** One document below a root that was revoked by itself at some time; of all others there is no record. */
export interface EvidenceDocumentRecord {
  readonly root: string;
  readonly index: number;
  readonly revoked: Revocation | null;
}

/** What `evidence.document` answers: whether a document counts, its root's revocation looked at, too. */
export interface EvidenceDocumentView extends EvidenceDocumentRecord {
  readonly effective: "anchored" | "revoked";
}

/** A grant, or a link of its delegation, as the ledger keeps it: nothing personal, and nothing of what it is for. */
export interface GrantRecord {
  readonly grant: string;
  /** Whose data it is: the grantor of the chain's first link. */
  readonly owner: Did;
  /** Who signed this link: the owner, or the recipient of the link above. */
  readonly grantor: Did;
  readonly recipient: Did;
  /** The member whose node releases the data. */
  readonly provider: Did;
  /** Salted digests of the terms, one a field, ascending. */
  readonly terms: readonly string[];
  /** Seconds since 1970. */
  readonly from: number;
  readonly until: number;
  /** Releases in all, those under delegations included; null: as many as wanted. */
  readonly count: number | null;
  /** Releases whose receipts are anchored, those under delegations included. */
  readonly used: number;
  readonly parent: string | null;
  /** Links above this one. */
  readonly depth: number;
  /** Further levels that may be handed on. */
  readonly delegable: number;
  readonly status: "active" | "revoked";
  readonly revokedBy: Did | null;
  readonly reason: string | null;
  /** Block times, milliseconds, and heights: when it was given, and when it last changed; counting is no change. */
  readonly created: number;
  readonly createdAt: number;
  readonly updated: number;
  readonly updatedAt: number;
}

/** Why a grant does not stand: its own doing, or that of a link above. */
export type GrantLapse =
  /** There is no such grant. */
  | "unknown"
  | "revoked"
  /** Its time has not come. */
  | "early"
  | "expired"
  /** All of its releases are used. */
  | "spent"
  /** The owner, a recipient of the chain, or who handed it on is deactivated, a member that is suspended or removed, or a device cut off. */
  | "party"
  /** The provider is no active member. */
  | "provider";

/** What `grants.get` answers: the record, and what it comes to with all links above it, at the head's block time. */
export interface GrantView extends GrantRecord {
  readonly effective: "active" | Exclude<GrantLapse, "unknown">;
  /** Releases that are left on the whole chain; null: as many as wanted. */
  readonly remaining: number | null;
}
