import type { TSchema } from "@sinclair/typebox";
import { HansaError } from "#base";
import type {
  Fact,
  IdentityRecord,
  OperationArgs,
  OperationName,
  QueryArgs,
  QueryName,
  ReceiptErrorTable,
} from "#protocol";
import { TRANSACTION_ERRORS } from "#protocol";
import type { Reader, Writer } from "../state/state.ts";

/** A party of a transaction whose signature holds. */
export interface Party {
  readonly did: string;
  /** Fingerprint of the key that signed. */
  readonly key: string;
  /** The identity at the time, absent while it is only being created. */
  readonly identity: IdentityRecord | undefined;
}

/** What a handler sees: the state, the block's time, who signed. Nothing else exists for it. */
export interface Context {
  readonly state: Writer;
  readonly height: number;
  /** Block time, milliseconds. */
  readonly time: number;
  readonly group: string;
  readonly alliance: string;
  readonly issuer: string;
  /** Nodes of validators whose vote the last block lacked; empty where nobody votes. */
  readonly absent: readonly string[];
  /** State as the last block left it: under an engine with a quorum its validators decide the next block, too. */
  readonly before: Reader;
  /** Time of the last block, milliseconds. */
  readonly lastTime: number;
  readonly parties: ReadonlyMap<string, Party>;
  emit(fact: string, about: readonly string[], data?: Fact["data"]): void;
}

export type Handler<Name extends OperationName> = (context: Context, args: OperationArgs<Name>) => void;

/** Handlers for all operations whose name begins with the module's. */
export type Handlers<Prefix extends string> = {
  readonly [Name in Extract<OperationName, `${Prefix}.${string}`>]: Handler<Name>;
};

/** What a query sees. */
export interface QueryContext {
  /** State at the asked height, or the head's. */
  readonly state: Reader;
  /** Block time of the head, milliseconds. */
  readonly time: number;
  readonly height: number;
  versions<Value>(key: string): readonly { readonly height: number; readonly value: Value | null }[];
}

export type Queries<Prefix extends string> = {
  readonly [Name in Extract<QueryName, `${Prefix}.${string}`>]: (
    context: QueryContext,
    args: QueryArgs<Name>,
  ) => unknown;
};

/** A part of the state machine. */
export interface Module<Prefix extends string = string> {
  readonly name: Prefix;
  /** Schemas of its operations: each has a handler. */
  readonly operations: Readonly<Record<string, TSchema>>;
  readonly handlers: Handlers<Prefix>;
  readonly queries: Queries<Prefix>;
  readonly errors: ReceiptErrorTable;
}

/** Refuses an operation with a code of the module's own table. */
export function refusals<Table extends ReceiptErrorTable>(table: Table) {
  return <Code extends keyof Table & string>(code: Code, message: string, payload: object = {}): HansaError<Code> =>
    new HansaError(code, message, payload, { advice: table[code]?.advice });
}

/** Refuses for want of a right; `needs` says who could. */
export function forbidden(needs: string): HansaError<"kernel.forbidden"> {
  return new HansaError(
    "kernel.forbidden",
    `this needs ${needs}`,
    { needs },
    { advice: TRANSACTION_ERRORS["kernel.forbidden"].advice },
  );
}

/** One page of the records under a prefix. */
export function pageOf<Item>(
  state: Reader,
  prefix: string,
  args: { after?: string; limit?: number },
): { items: Item[]; next?: string } {
  const limit = args.limit ?? 100;
  const items: Item[] = [];
  let last: string | undefined;
  for (const key of state.keys(prefix, args.after === undefined ? undefined : prefix + args.after)) {
    if (items.length === limit) return { items, next: (last as string).slice(prefix.length) };
    const value = state.get<Item>(key);
    if (value !== undefined) items.push(value);
    last = key;
  }
  return { items };
}
