import { type ErrorEntry, HansaError } from "#base";

/** A code that can stand in a receipt: receipts hash its number, so a number is never used twice and never changes. */
export interface ReceiptErrorEntry extends ErrorEntry {
  readonly number: number;
}

export type ReceiptErrorTable = Readonly<Record<string, ReceiptErrorEntry>>;

/**
 * Number 0 is success, 16 was never given. Kernel and transaction codes have 1–99, modules a hundred each: members 1xx, identity 2xx,
 * devices 3xx, linkages 4xx, topics 5xx, nodes 6xx, issuers 7xx, statuses 8xx, evidence 9xx.
 */
export const TRANSACTION_ERRORS = {
  "transaction.malformed": {
    number: 1,
    status: 400,
    meaning: "The text is neither a compact JWT nor a JWS in general JSON serialisation.",
    advice: "Build it with `signTransaction` of the sdk or any JOSE library.",
  },
  "transaction.too-large": {
    number: 2,
    status: 413,
    meaning: "The transaction is larger than the group allows.",
    advice: "Split its operations over several transactions.",
  },
  "transaction.algorithm": {
    number: 3,
    status: 400,
    meaning: "The header's `alg` is not one that Hansa accepts; `none` never is.",
    advice: "Sign with EdDSA, ES256 or ES256K.",
  },
  "transaction.header": {
    number: 4,
    status: 400,
    meaning: "The protected header has a wrong or missing member, or one too many.",
    advice: 'Use exactly `alg`, `kid` (a DID URL with its key) and, if at all, `typ` "hansa-tx+jwt".',
  },
  "transaction.claims": {
    number: 5,
    status: 400,
    meaning: "A claim is missing, of a wrong form, or unknown.",
    advice: "Use exactly `iss`, `aud`, `jti`, `exp`, `ops` and, if at all, `iat`.",
  },
  "transaction.json": {
    number: 6,
    status: 400,
    meaning: "Header or payload is not strict JSON: syntax, UTF-8, duplicate or forbidden keys, depth, or a fraction.",
    advice: "See the payload's `reason`; write fractions as decimal strings.",
  },
  "transaction.unknown-operation": {
    number: 7,
    status: 400,
    meaning: "No module has such an operation.",
    advice: "`hansa --help` and docs/reference/operations.md list them.",
  },
  "transaction.operation-arguments": {
    number: 8,
    status: 400,
    meaning: "An operation's arguments do not fit its schema.",
    advice: "See the payload's `path` and `problem`.",
  },
  "transaction.audience": {
    number: 9,
    status: 400,
    meaning: "`aud` names another group.",
    advice: "Set `aud` to the id of the group that should execute it.",
  },
  "transaction.expired": {
    number: 10,
    status: 400,
    meaning: "`exp` is not after the block's time.",
    advice: "Sign it anew with a later `exp` and a fresh `jti`; check the machine's clock.",
  },
  "transaction.too-far-ahead": {
    number: 11,
    status: 400,
    meaning: "`exp` lies further ahead than the group's window.",
    advice: "Choose an `exp` within the window (`hansa status` shows it); check the machine's clock.",
  },
  "transaction.unknown-key": {
    number: 12,
    status: 401,
    meaning: "`kid` is not a key that this DID may act with.",
    advice: "Look the DID up: its keys, whether it is deactivated, and the key's relationships.",
  },
  "transaction.signature": {
    number: 13,
    status: 401,
    meaning: "A signature does not match its key.",
    advice: "Sign header and payload exactly as they are sent.",
  },
  "transaction.replayed": {
    number: 14,
    status: 409,
    meaning: "A transaction of this issuer with this `jti` has been executed.",
    advice: "Read the first receipt; for another request use a fresh `jti`.",
  },
  "transaction.signer-missing": {
    number: 15,
    status: 401,
    meaning: "The issuer is not among the signers, or a signer appears twice.",
    advice: "Let each party sign once, the issuer among them.",
  },
  "kernel.forbidden": {
    number: 20,
    status: 403,
    meaning: "None of the signers has the right to do this.",
    advice: "See the payload's `needs`.",
  },
} as const satisfies ReceiptErrorTable;

export type TransactionErrorCode = keyof typeof TRANSACTION_ERRORS;

/** Refuses a transaction. */
export function transactionError(
  code: TransactionErrorCode,
  message: string,
  payload: object = {},
  cause?: unknown,
): HansaError<TransactionErrorCode> {
  return new HansaError(code, message, payload, { advice: TRANSACTION_ERRORS[code].advice, cause });
}

/** What else can be wrong with what travels: tokens, proofs, events. */
export const PROTOCOL_ERRORS = {
  "did.syntax": {
    status: 400,
    meaning: "The text is not a DID of this method.",
    advice: "Copy it whole: did:hansa:<alliance>:<fingerprint>.",
  },
  "token.malformed": {
    status: 400,
    meaning: "The token is not a compact JWS.",
    advice: "Make it with a JOSE library.",
  },
  "token.type": {
    status: 400,
    meaning: "The token is of another type than is wanted here.",
    advice: "Check its `typ` header.",
  },
  "token.algorithm": {
    status: 400,
    meaning: "The token's `alg` is not accepted.",
    advice: "Sign with EdDSA, ES256 or ES256K.",
  },
  "token.signature": {
    status: 401,
    meaning: "The token's signature does not match its key.",
    advice: "Sign it with the key that `kid` names.",
  },
  "token.claims": {
    status: 400,
    meaning: "A claim of the token is missing or of a wrong form.",
    advice: "See the payload's `problem`.",
  },
  "token.expired": {
    status: 401,
    meaning: "The token has expired or is not yet valid.",
    advice: "Make a fresh one; check the clock.",
  },
  "proof.malformed": {
    status: 400,
    meaning: "The file is not a Hansa proof.",
    advice: "Export it anew with `hansa trail` or `?proof=1`.",
  },
  "proof.invalid": {
    status: 422,
    meaning: "The proof does not hold.",
    advice: "Do not rely on it; the payload says which step failed.",
  },
  "proof.untrusted": {
    status: 422,
    meaning: "The proof is of another group than the one trusted.",
    advice: "Compare the group ids; pass the right one with --trust.",
  },
  "proof.revoked": {
    status: 422,
    meaning: "What the proof shows was anchored, and was revoked.",
    advice: "Ask whoever revoked it; the payload says who and why.",
  },
  "founding.malformed": {
    status: 400,
    meaning: "The file is not a joining or founding file, or not as Hansa wrote it.",
    advice:
      "Ask its sender for it again, and pass it on unchanged; `hansa group request` and `hansa group create` make them.",
  },
  "founding.key": {
    status: 422,
    meaning: "A key in a joining file is not proved to be its member's.",
    advice: "Do not found with this file; ask the member to make it anew with `hansa group request`.",
  },
  "founding.group": {
    status: 409,
    meaning: "Joining files are for different groups.",
    advice: "Let all founders ask with the same --alliance and --group.",
  },
  "founding.expired": {
    status: 422,
    meaning: "A joining file is no longer valid, or not yet.",
    advice: "Ask its member for a fresh one; check the clocks.",
  },
  "founding.duplicate": {
    status: 409,
    meaning: "Two founders have the same DID, name, key, address or endpoint.",
    advice: "Let each founder make keys in a home of its own, and give its own address.",
  },
  "founding.no-node": {
    status: 422,
    meaning: "No founder brings a node.",
    advice: "Let at least one founder, better four, ask with --address.",
  },
  "founding.differs": {
    status: 422,
    meaning: "A genesis does not follow from its joining files, or two files are of different groups.",
    advice: "Do not sign it; make it anew from the joining files with `hansa group create`.",
  },
  "founding.approval": {
    status: 422,
    meaning: "An approval is not a founder's, is for another group, or its signature does not hold.",
    advice: "Ask the founder to sign the founding file again with `hansa group sign`.",
  },
  "founding.unapproved": {
    status: 409,
    meaning: "Not all founders have signed.",
    advice: "Have those whom the message names sign it, and put the files together with `hansa group combine`.",
  },
  "founding.stale-state": {
    status: 409,
    meaning:
      "This member's own ledger has blocks behind the one that the new group would go on from: they would be lost.",
    advice: "Do not sign. Export the state of the highest ledger with `hansa group inherit`, and found with that one.",
  },
  "founding.other-state": {
    status: 422,
    meaning:
      "The state that the new group would go on from is not the one that it names, or not the one that this member has.",
    advice: "Do not sign it. Compare the ledgers of all survivors, block by block, before you go on.",
  },
  "founding.state-needed": {
    status: 409,
    meaning: "The new group goes on from another one, and nothing at hand says what that one was.",
    advice: "Name the file that `hansa group inherit` wrote with --state.",
  },
  "event.malformed": {
    status: 400,
    meaning: "The event is not a valid CloudEvent 1.0.",
    advice: "See the payload's `problem`.",
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export type ProtocolErrorCode = keyof typeof PROTOCOL_ERRORS;

export function protocolError(
  code: ProtocolErrorCode,
  message: string,
  payload: object = {},
  cause?: unknown,
): HansaError<ProtocolErrorCode> {
  return new HansaError(code, message, payload, { advice: PROTOCOL_ERRORS[code].advice, cause });
}
