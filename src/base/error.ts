/**
 * Every refusal in Hansa is a `HansaError`: a stable code of its room, a typed payload, a sentence for a person and, where
 * there is one, what to do about it. Receipts hash the code's number, never the text.
 */
export class HansaError<Code extends string = string, Payload extends object = object> extends Error {
  override readonly name: string = "HansaError";
  /** Stable, dotted: `<room or module>.<what>`. Listed in docs/reference/errors.md. */
  readonly code: Code;
  /** Facts about this case; never a secret. */
  readonly payload: Payload;
  /** What the caller can do now. */
  readonly advice: string | undefined;

  constructor(
    code: Code,
    message: string,
    payload?: Payload,
    options?: { advice?: string | undefined; cause?: unknown },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.payload = payload ?? ({} as Payload);
    this.advice = options?.advice;
  }

  /** The form that travels and is logged. */
  toJSON(): { code: Code; message: string; payload: Payload; advice?: string } {
    return {
      code: this.code,
      message: this.message,
      payload: this.payload,
      ...(this.advice === undefined ? {} : { advice: this.advice }),
    };
  }
}

/** One code's entry in its room's table. */
export interface ErrorEntry {
  /** HTTP status with which it is answered. */
  readonly status: number;
  /** What it means, one sentence. */
  readonly meaning: string;
  /** What to do, one sentence. */
  readonly advice: string;
}

/** A room's table of codes: `as const satisfies ErrorTable`. */
export type ErrorTable = Readonly<Record<string, ErrorEntry>>;

/**
 * The thrower of a room: it knows the codes, and fills in the advice from the table.
 *
 * @example
 * ```ts
 * export const STORAGE_ERRORS = { "storage.wrong-key": { status: 500, meaning: "…", advice: "…" } } as const satisfies ErrorTable;
 * export const storageError = errorsOf(STORAGE_ERRORS);
 * throw storageError("storage.wrong-key", "the file /x does not open with this key", { file: "/x" });
 * ```
 */
export function errorsOf<Table extends ErrorTable>(table: Table) {
  return <Code extends keyof Table & string>(
    code: Code,
    message: string,
    payload: object = {},
    cause?: unknown,
  ): HansaError<Code> => new HansaError(code, message, payload, { advice: table[code]?.advice, cause });
}

/** Whether a thrown value is a `HansaError`, and of this code where one is given. */
export function isHansaError<Code extends string>(error: unknown, code?: Code): error is HansaError<Code> {
  return error instanceof HansaError && (code === undefined || error.code === code);
}
