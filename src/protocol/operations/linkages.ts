import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Closed, Decimal, Did, Digest, Label, List, Reason, Seconds } from "./fields.ts";

/** Name of a property, event or action of a Thing Description. */
export const Affordance = Type.String({ pattern: "^[A-Za-z][A-Za-z0-9_]{0,63}$", examples: ["temperature"] });
const Duration = Type.Integer({ minimum: 1, maximum: 604_800, description: "seconds" });

/** A value as a contract states it: fractions as decimal strings under `decimal`. */
export const ContractValue = Type.Union([
  Type.Boolean(),
  Type.Integer(),
  Type.String({ maxLength: 128 }),
  Closed({ decimal: Decimal }),
]);

/** What a property's value is held against. `above` and `below` are exclusive; both: a range. */
export const Comparison = Type.Union([
  Closed({ above: Decimal, below: Type.Optional(Decimal) }),
  Closed({ below: Decimal }),
  Closed({ equals: ContractValue }),
]);

export const Trigger = Type.Union([
  Closed(
    { device: Did, property: Affordance, when: Comparison, for: Type.Optional(Duration) },
    "Fires when the comparison becomes true, and where `for` is given has stayed so.",
  ),
  Closed({ device: Did, property: Affordance, changes: Type.Literal(true) }, "Fires at every change of the value."),
  Closed({ device: Did, event: Affordance }, "Fires at every such event."),
]);

const PropertyCondition = Closed({ device: Did, property: Affordance, is: Comparison, for: Type.Optional(Duration) });

/** Three levels deep: what a person can still read, and a schema without recursion. */
function combine<Inner extends TSchema>(inner: Inner) {
  return Type.Union([
    PropertyCondition,
    Closed({ all: List(inner, 1, 16) }),
    Closed({ any: List(inner, 1, 16) }),
    Closed({ not: inner }),
  ]);
}

export const Condition = combine(combine(combine(PropertyCondition)));

export const Action = Type.Union([
  Closed({ device: Did, action: Affordance, input: Type.Optional(ContractValue) }),
  Closed({ device: Did, set: Affordance, value: ContractValue }),
  Closed({ delay: Duration }),
]);

export const Contract = Closed(
  {
    title: Label,
    /** Who must accept: operators and owners of all devices, at least. */
    parties: List(Did, 1, 16),
    trigger: Trigger,
    condition: Type.Optional(Condition),
    actions: List(Action, 1, 16),
    /** What a trigger does while an earlier run still waits in a `delay`. */
    mode: Type.Union([
      Type.Literal("single"),
      Type.Literal("restart"),
      Type.Literal("queued"),
      Type.Literal("parallel"),
    ]),
    limits: Closed({
      /** Runs a minute; more are refused and noted. */
      perMinute: Type.Integer({ minimum: 1, maximum: 6000 }),
      /** How many linkages may stand behind one another in a chain of causes. */
      hops: Type.Integer({ minimum: 1, maximum: 16 }),
    }),
    from: Seconds,
    until: Seconds,
    /** Makes two contracts of the same words different. */
    nonce: Type.String({ pattern: "^[A-Za-z0-9_-]{8,64}$" }),
  },
  "a linkage contract",
);

export const LinkageId = Type.String({
  pattern: "^lk_[1-9A-HJ-NP-Za-km-z]{20,28}$",
  examples: ["lk_3QJmV3qfvL9SuYo34YihAf3sRCW3"],
});

export const LINKAGE_OPERATIONS = {
  "linkages.propose": Closed({ contract: Contract }, "A party proposes; its signature is its acceptance."),
  "linkages.accept": Closed(
    { linkage: LinkageId },
    "A party accepts: the id is the digest of the contract. With the last one it is active.",
  ),
  "linkages.suspend": Closed({ linkage: LinkageId, reason: Type.Optional(Reason) }, "Any party stops it for now."),
  "linkages.activate": Closed({ linkage: LinkageId }, "The party that suspended lets it go on."),
  "linkages.withdraw": Closed(
    { linkage: LinkageId, reason: Type.Optional(Reason) },
    "A party takes its acceptance back, for good.",
  ),
  "linkages.end": Closed(
    { linkage: LinkageId },
    "All remaining parties' signatures, or its time is over: it ends in good order.",
  ),
  "linkages.anchorReceipts": Closed(
    {
      batch: Closed({ root: Digest, size: Type.Integer({ minimum: 1, maximum: 1_000_000 }) }),
      counts: List(
        // Bounded as the batch is: sums stay integers for as long as anybody can anchor.
        Closed({
          linkage: LinkageId,
          done: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
          refused: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
        }),
        1,
        1000,
      ),
    },
    "Root (RFC 6962) over a batch of command receipts, and how many each linkage has in it.",
  ),
} as const;

export type ContractValue = Static<typeof ContractValue>;
export type Comparison = Static<typeof Comparison>;
export type Trigger = Static<typeof Trigger>;
export type Action = Static<typeof Action>;
export type Contract = Static<typeof Contract>;
/** A condition, as a type without the schema's depth limit. */
export type Condition =
  | { device: string; property: string; is: Comparison; for?: number }
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition };
