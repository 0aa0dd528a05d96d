/** What the node's routes answer, where the protocol has no word for it already. */
import type { Json } from "#base";
import type {
  CommandOutcome,
  Did,
  Fact,
  Genesis,
  IdentityRecord,
  InclusionProof,
  LoggedEvent,
  Parameters,
  Receipt,
  SignedHeader,
} from "#protocol";

/** `GET /status` */
export interface NodeStatus {
  readonly version: string;
  readonly member: Did;
  readonly groups: readonly {
    readonly id: string;
    readonly name: string;
    /** Who may read it. Of a group of `parties` a stranger sees nothing below. */
    readonly reads?: "anyone" | "parties";
    readonly engine?: string;
    /** Of the engine: `running`, or why it is not. */
    readonly state?: string;
    readonly height?: number;
    /** Block time of the newest block, milliseconds. */
    readonly time?: number | null;
    /** State root, base64url; `null` before the first block. */
    readonly root?: string | null;
    readonly records?: number;
    /** Transactions that wait for a block. */
    readonly waiting?: number;
    /** How far ahead a transaction's `exp` may lie. */
    readonly windowSeconds?: number;
  }[];
  /** Where devices connect, if they may. */
  readonly mqtt?: string;
}

/** `GET /groups/:group` */
export interface GroupInfo {
  readonly id: string;
  readonly genesis: Genesis;
  readonly parameters: Parameters;
  /** Newest header; `null` before the first block. */
  readonly head: SignedHeader | null;
}

/** `GET …/transactions/:id` */
export type TransactionStatus =
  | { readonly status: "unknown" }
  | { readonly status: "pending" }
  | { readonly status: "committed"; readonly receipt: Receipt };

/** `GET …/blocks` */
export interface HeaderPage {
  readonly items: readonly SignedHeader[];
}

/** `GET …/blocks/:height` */
export interface CommittedBlock extends SignedHeader {
  /** As they were sent. */
  readonly transactions: readonly string[];
  readonly receipts: readonly Receipt[];
}

/** `GET …/records` */
export interface StateRecord {
  readonly key: string;
  /** Absent: `null`. */
  readonly value: Json;
  readonly height: number;
}

/** `identity.resolve` */
export interface ResolvedDid extends IdentityRecord {
  /** DID document (DID Core 1.0). */
  readonly document?: { readonly [name: string]: Json };
}

/** `identity.versions` */
export interface DidVersions {
  readonly items: readonly {
    /** Block that made the version. */
    readonly height: number;
    readonly version: number;
    /** Block time, milliseconds. */
    readonly updated: number;
    readonly deactivated: boolean;
  }[];
}

/** One step of `GET …/trail` */
export interface TrailStep {
  readonly height: number;
  readonly index: number;
  /** Block time, milliseconds. */
  readonly time: number;
  /** Id of the transaction. */
  readonly id: string;
  /** Who signed. */
  readonly signers: readonly Did[];
  /** Facts of the transaction that are about the subject. */
  readonly facts: readonly Fact[];
}

export interface TrailPage {
  readonly items: readonly TrailStep[];
  readonly next?: string;
}

/** `GET …/events` */
export interface EventPage {
  readonly items: readonly LoggedEvent[];
  /** Offset behind the last one: where the next page begins. */
  readonly next?: number;
}

/** `GET …/events/proof` */
export interface EventProof {
  readonly topic: string;
  readonly offset: number;
  /** Bytes of the entry as they were hashed, base64url. */
  readonly entry: string;
  readonly path: InclusionProof;
  /** Signed note (C2SP) of the checkpoint that the path leads to. */
  readonly checkpoint: string;
}

/** One run of `GET …/commands` */
export interface LinkageRun {
  readonly linkage: string;
  /** Milliseconds. */
  readonly time: number;
  /** The event that fired. */
  readonly evidence: { readonly topic: string; readonly offset: number };
  readonly steps: readonly {
    readonly step: number;
    /** `null` where no command was made. */
    readonly device: Did | null;
    readonly action: Json;
    readonly outcome: CommandOutcome | "pending";
    readonly reason?: string;
    /** Signed command and signed receipt. */
    readonly command?: string;
    readonly receipt?: string;
  }[];
  /** `queued`, `waiting`, `done`, `refused` or `cancelled` */
  readonly state?: string;
  /** What the trigger and the condition saw. */
  readonly value?: Json;
  readonly condition?: Json;
  /** Why it was refused or cancelled, and how many times in a row. */
  readonly refused?: string;
  readonly times?: number;
}

export interface RunPage {
  readonly items: readonly LinkageRun[];
}

/** `POST …/backup` */
export interface BackupInfo {
  readonly file: string;
  readonly height: number;
}

/** One item of `devices.roots` */
export interface RootRecord {
  readonly maker: Did;
  /** Multikey. */
  readonly root: string;
  /** Fingerprint: the fragment of `kid` in certificates. */
  readonly id: string;
  readonly name: string;
  readonly removed: boolean;
}
