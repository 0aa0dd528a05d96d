/** Owners, recipients and grants of the exchange's tests, over a real node. */
import {
  createGrantId,
  DPV,
  digestTerms,
  type GrantResource,
  type GrantTerms,
  makeTerms,
  operation,
  type TermsDocument,
} from "#protocol";
import type { ReleaseArgs } from "#sdk";
import type { Alliance } from "./member.suite.ts";

export const BILLING = `${DPV}PaymentManagement`;
export const MARKETING = `${DPV}Marketing`;

export const seconds = () => Math.floor(Date.now() / 1000);

export function termsOf(resource: GrantResource, more: Partial<GrantTerms> = {}): GrantTerms {
  return {
    resource,
    purposes: [BILLING],
    actions: ["read"],
    jurisdictions: ["DE"],
    controller: null,
    service: null,
    categories: [],
    ...more,
  };
}

export interface GrantOptions {
  readonly owner?: string;
  readonly recipient?: string;
  readonly provider?: string;
  readonly terms?: Partial<GrantTerms>;
  readonly from?: number;
  readonly until?: number;
  readonly count?: number;
  readonly delegable?: number;
}

/** The owner gives a grant; the terms document is what its recipient gets. */
export async function give(
  alliance: Alliance,
  resource: GrantResource,
  options: GrantOptions = {},
): Promise<TermsDocument> {
  const document = makeTerms(createGrantId(), termsOf(resource, options.terms));
  await alliance.send(options.owner ?? "alice", [
    operation("grants.give", {
      grant: document.grant,
      recipient: alliance.party(options.recipient ?? "borea").did,
      provider: alliance.party(options.provider ?? "acme").did,
      terms: digestTerms(document),
      from: options.from ?? seconds() - 86_400,
      until: options.until ?? seconds() + 3600,
      delegable: options.delegable ?? 0,
      ...(options.count === undefined ? {} : { count: options.count }),
    }),
  ]);
  return document;
}

export function revoke(alliance: Alliance, { grant }: TermsDocument, by = "alice") {
  return alliance.send(by, [operation("grants.revoke", { grant })]);
}

/** What a recipient asks for, the plain way. */
export function asked(alliance: Alliance, ...terms: TermsDocument[]): ReleaseArgs {
  return { provider: alliance.party("acme").did, terms };
}
