/** Purposes of the W3C Data Privacy Vocabulary, as grants name them. */
import { Type } from "@sinclair/typebox";

/** Namespace of the vocabulary's core terms. */
export const DPV = "https://w3id.org/dpv#";

/** The form counts and not the term: the vocabulary grows, and the ledger must not grow old with one edition of it. */
export const DpvIri = Type.String({
  pattern: "^https://w3id\\.org/dpv#[A-Z][A-Za-z0-9-]{0,79}$",
  description: "term of the W3C Data Privacy Vocabulary",
  examples: ["https://w3id.org/dpv#ServiceProvision"],
});

const iri = new RegExp(DpvIri.pattern as string);

/** Purposes of DPV 2 that data of things is asked for with; for suggestions only. */
export const KNOWN_PURPOSES: readonly string[] = [
  "AcademicResearch",
  "AccountManagement",
  "Advertising",
  "CommercialResearch",
  "CommunicationForCustomerCare",
  "CustomerManagement",
  "CustomerSolvencyMonitoring",
  "DirectMarketing",
  "EnforceSecurity",
  "FraudPreventionAndDetection",
  "FulfilmentOfContractualObligation",
  "FulfilmentOfObligation",
  "HumanResourceManagement",
  "ImproveExistingProductsAndServices",
  "InternalResourceOptimisation",
  "LegalCompliance",
  "Marketing",
  "NonCommercialResearch",
  "OptimisationForConsumer",
  "OptimisationForController",
  "PaymentManagement",
  "Personalisation",
  "PublicBenefit",
  "RepairImpairments",
  "RequestedServiceProvision",
  "ResearchAndDevelopment",
  "SellDataToThirdParties",
  "ServiceOptimisation",
  "ServicePersonalisation",
  "ServiceProvision",
  "ServiceUsageAnalytics",
  "TechnicalServiceProvision",
  "UserInterfacePersonalisation",
  "Verification",
];

/**
 * The IRI of a purpose, written in full or as `dpv:Term`; `undefined` where it is neither.
 *
 * @example
 * ```ts
 * purposeIri("dpv:ServiceProvision"); // "https://w3id.org/dpv#ServiceProvision"
 * ```
 */
export function purposeIri(text: string): string | undefined {
  const full = text.startsWith("dpv:") ? DPV + text.slice(4) : text;
  return iri.test(full) ? full : undefined;
}

/** A purpose as people read it: `dpv:Term`. */
export function shortPurpose(full: string): string {
  return full.startsWith(DPV) ? `dpv:${full.slice(DPV.length)}` : full;
}

/** Known purposes that a text may have been meant for, best first. */
export function suggestPurposes(text: string): string[] {
  const wanted = text.replace(/^.*[:#/]/, "").toLowerCase();
  if (wanted === "") return [];
  return KNOWN_PURPOSES.filter((known) => {
    const term = known.toLowerCase();
    return (
      term !== wanted && (term.includes(wanted) || wanted.includes(term) || term.slice(0, 5) === wanted.slice(0, 5))
    );
  })
    .slice(0, 5)
    .map((term) => `dpv:${term}`);
}
