/**
 * The shape of proof files, closed: whatever a file holds is either proved or refused, so that no byte of it can be changed and
 * believed.
 */
import { type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { CometCommit, CometHeader, ValidatorChange } from "./comet/signed-block.ts";
import { protocolError } from "./errors.ts";
import { Closed, Digest, List } from "./operations/fields.ts";

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
// Members that later steps hold against a digest, a signature or a closed shape of their own.
const Checked = Type.Unknown();

const Header = Closed({
  version: Type.Literal(1),
  group: Type.String(),
  height: Count,
  time: Count,
  previous: Type.String(),
  transactions: Digest,
  receipts: Digest,
  state: Digest,
  absent: Type.Optional(List(Type.String({ maxLength: 64 }), 1, 1000)),
  misbehaviour: Type.Optional(
    List(
      Closed({
        kind: Type.Union([Type.Literal("duplicate-vote"), Type.Literal("light-client-attack")]),
        validator: Type.String({ maxLength: 64 }),
        block: Count,
      }),
      1,
      1000,
    ),
  ),
});

const SignedHeader = Closed({
  header: Header,
  // In a proof the votes are there: a certificate that still waits for them vouches for nothing.
  certificate: Type.Union([
    Closed({ engine: Type.Literal("solo"), key: Type.String(), signature: Type.String() }),
    Closed({ engine: Type.Literal("cometbft"), block: Count, header: CometHeader, commit: CometCommit }),
  ]),
});

/** Most changes of validators that a file shows. */
const Changes = Type.Optional(List(ValidatorChange, 0, 10_000));

const Path = Closed({ index: Count, size: Count, path: Type.Array(Digest, { maxItems: 64 }) });

const Fact = Closed({
  fact: Type.String(),
  about: Type.Array(Type.String()),
  data: Type.Record(Type.String(), Checked),
});

const Entry = Closed({
  height: Count,
  index: Count,
  transaction: Type.String(),
  // No `error`: its words are for people and not hashed. A refused transaction did nothing and stands in no trail.
  receipt: Closed({
    id: Type.String(),
    height: Count,
    index: Count,
    code: Type.Literal(0),
    facts: Type.Array(Fact),
  }),
  transactionPath: Path,
  receiptPath: Path,
});

const SHAPES: Readonly<Record<string, TSchema>> = {
  "record-proof/1": Closed({
    hansa: Type.Literal("record-proof/1"),
    genesis: Checked,
    validators: Changes,
    signed: SignedHeader,
    key: Type.String(),
    value: Checked,
    membership: Checked,
  }),
  "trail-proof/1": Closed({
    hansa: Type.Literal("trail-proof/1"),
    genesis: Checked,
    validators: Changes,
    about: Type.String(),
    headers: Type.Array(SignedHeader),
    height: Count,
    entries: Type.Array(Entry),
    records: Type.Array(Closed({ key: Type.String(), value: Checked, membership: Checked })),
    commands: Type.Array(Closed({ command: Type.String(), receipt: Type.String(), entry: Count, path: Path })),
  }),
};

const STATE: TSchema = Closed({
  hansa: Type.Literal("state/1"),
  genesis: Checked,
  validators: Changes,
  signed: SignedHeader,
  last: Type.Optional(
    Closed({ header: Header, block: Count, transactions: Type.Array(Type.String(), { maxItems: 100_000 }) }),
  ),
});

/**
 * Holds a file against the shape that its first member names.
 *
 * @throws HansaError `proof.malformed`, also for a member too many
 */
export function checkProofShape(file: unknown): void {
  const kind = typeof file === "object" && file !== null ? (file as { hansa?: unknown }).hansa : undefined;
  const shape = typeof kind === "string" && Object.hasOwn(SHAPES, kind) ? SHAPES[kind] : undefined;
  if (shape === undefined) throw protocolError("proof.malformed", "the file does not begin as a Hansa proof does");
  requireShape("proof", shape, file);
}

/**
 * Holds what a state file begins with against its shape.
 *
 * @throws HansaError `proof.malformed`
 */
export function checkStateShape(opening: unknown): void {
  requireShape("state file", STATE, opening);
}

function requireShape(what: string, shape: TSchema, file: unknown): void {
  if (Value.Check(shape, file)) return;
  const first = Value.Errors(shape, file).First();
  throw protocolError("proof.malformed", `${what}: ${first?.path ?? ""} ${first?.message ?? "does not fit"}`, {
    path: first?.path ?? "",
  });
}
