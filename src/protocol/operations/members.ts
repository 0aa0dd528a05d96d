import { type Static, Type } from "@sinclair/typebox";
import { Closed, Did, Label, List, Reason, Role } from "./fields.ts";
import { CredentialType } from "./issuers.ts";
import { NodeId, ValidatorPower } from "./nodes.ts";

/** A share of the active members: at least ceil(numerator × members / denominator). */
export const Quorum = Closed({
  numerator: Type.Integer({ minimum: 1, maximum: 100 }),
  denominator: Type.Integer({ minimum: 1, maximum: 100 }),
});

export const ChangeKind = Type.Union([
  Type.Literal("admit"),
  Type.Literal("roles"),
  Type.Literal("suspend"),
  Type.Literal("reinstate"),
  Type.Literal("remove"),
  Type.Literal("parameters"),
  Type.Literal("addValidator"),
  Type.Literal("removeValidator"),
  Type.Literal("recogniseIssuer"),
  Type.Literal("derecogniseIssuer"),
]);

export const Parameters = Closed(
  {
    /** How long a transaction's `exp` may lie ahead of block time. */
    windowSeconds: Type.Integer({ minimum: 10, maximum: 3600 }),
    /** After this a proposal can no longer be approved. */
    proposalSeconds: Type.Integer({ minimum: 60, maximum: 31_536_000 }),
    /** Fewer active members than this can never remain. */
    leastMembers: Type.Integer({ minimum: 1, maximum: 1000 }),
    /** How long a challenge to a device may be answered. */
    challengeSeconds: Type.Integer({ minimum: 5, maximum: 86_400 }),
    quorums: Closed({
      admit: Quorum,
      roles: Quorum,
      suspend: Quorum,
      reinstate: Quorum,
      remove: Quorum,
      parameters: Quorum,
      /** For validators to come and go; where left out, as `parameters`. */
      validators: Type.Optional(Quorum),
      /** For issuers to be recognised and derecognised; where left out, as `parameters`. */
      issuers: Type.Optional(Quorum),
    }),
    /** Who may read the group: `anyone` who reaches a node (also where left out), or `parties` alone: live identities of this ledger. */
    reads: Type.Optional(Type.Union([Type.Literal("anyone"), Type.Literal("parties")])),
  },
  "rules of the group, changed by vote",
);

export const MemberChange = Type.Union([
  Closed({ kind: Type.Literal("admit"), member: Did, name: Label, roles: List(Role, 1, 4) }),
  Closed({ kind: Type.Literal("roles"), member: Did, roles: List(Role, 1, 4) }),
  Closed({ kind: Type.Literal("suspend"), member: Did }),
  Closed({ kind: Type.Literal("reinstate"), member: Did }),
  Closed({ kind: Type.Literal("remove"), member: Did }),
  Closed({ kind: Type.Literal("parameters"), parameters: Parameters }),
  Closed({ kind: Type.Literal("addValidator"), node: NodeId, power: ValidatorPower }),
  Closed({ kind: Type.Literal("removeValidator"), node: NodeId }),
  Closed({ kind: Type.Literal("recogniseIssuer"), issuer: Did, type: CredentialType }),
  Closed({ kind: Type.Literal("derecogniseIssuer"), issuer: Did, type: CredentialType }),
]);

const Proposal = Type.Integer({ minimum: 1, maximum: 2 ** 31, description: "number of the proposal" });

export const MEMBER_OPERATIONS = {
  "members.propose": Closed(
    { change: MemberChange, reason: Type.Optional(Reason) },
    "Proposes a change; the proposer's approval counts at once.",
  ),
  "members.approve": Closed({ proposal: Proposal }, "Approves; at the quorum the change takes effect."),
  "members.reject": Closed({ proposal: Proposal }, "Rejects; a member may change its mind until the end."),
  "members.withdraw": Closed({ proposal: Proposal }, "Takes one's own proposal back."),
} as const;

export type MemberChange = Static<typeof MemberChange>;
export type ChangeKind = Static<typeof ChangeKind>;
export type Parameters = Static<typeof Parameters>;
