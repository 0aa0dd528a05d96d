import type { MemberChange, MemberRecord } from "#protocol";
import type { Context } from "../../kernel/module.ts";
import type { Reader } from "../../state/state.ts";

/** Changes that recognise an issuer, or end that. */
export type ChangeOfIssuers = Extract<MemberChange, { kind: "recogniseIssuer" | "derecogniseIssuer" }>;

/** Changes of members that touch who votes in consensus. */
export type ChangeOfValidators =
  | Extract<MemberChange, { kind: "addValidator" | "removeValidator" }>
  | { readonly kind: "suspend" | "remove"; readonly member: string };

export interface MembersNeeds {
  /** Of identity: a member is a DID whose keys can act. */
  isLiveIdentity(state: Reader, did: string): boolean;
  /** Of nodes: whether consensus can take a change, and to make it. */
  readonly validators: {
    check(context: Context, change: ChangeOfValidators): void;
    apply(context: Context, change: ChangeOfValidators): void;
  };
  /** Of issuers: whether a recognition makes sense, to make it, and to note what becomes of its member. */
  readonly issuers: {
    check(context: Context, change: ChangeOfIssuers): void;
    apply(context: Context, change: ChangeOfIssuers): void;
    noteStatus(context: Context, member: string, status: MemberRecord["status"]): void;
  };
  memberOfNode(state: Reader, node: string): string | undefined;
}
