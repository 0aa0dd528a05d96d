import type { JsonObject } from "#base";

/**
 * `https://www.w3.org/ns/odrl.jsonld` (ODRL Vocabulary & Expression 2.2), which the examples' context of data model 1.1 includes. A term is
 * `odrl:` and its own name, but for the few below.
 */

const words = (text: string): string[] => text.split(/\s+/);

const PLAIN = words(
  `Policy Rule ConflictTerm perm prohibit invalid Agreement Assertion Offer Privacy Request Set Ticket Asset AssetCollection Party
  PartyCollection PartyScope Action Permission Prohibition use grantUse aggregate annotate anonymize archive concurrentUse derive digitize
  display distribute execute extract give index install modify move play present print read reproduce sell stream textToSpeech transfer
  transform translate Duty acceptTracking attribute compensate delete ensureExclusivity include inform nextPolicy obtainConsent reviewPolicy
  uninstall watermark Constraint LogicalConstraint Operator RightOperand rightOperand LeftOperand unit status absolutePosition
  absoluteSpatialPosition absoluteTemporalPosition absoluteSize count dateTime delayPeriod deliveryChannel elapsedTime event fileFormat
  language media meteredTime payAmount percentage product purpose recipient relativePosition relativeSpatialPosition
  relativeTemporalPosition relativeSize resolution spatial spatialCoordinates systemDevice timeInterval unitOfCount version
  virtualLocation eq gt gteq lt lteq isA hasPart isPartOf isAllOf isAnyOf isNoneOf or xone and andSequence policyUsage`,
);

const REFERENCES = words(
  `profile inheritFrom relation hasPolicy target output partOf source assignee assigner assigneeOf assignerOf attributedParty
  attributingParty compensatedParty compensatingParty consentingParty consentedParty informedParty informingParty trackingParty
  trackedParty contractingParty contractedParty includedIn implies permission prohibition obligation duty consequence remedy constraint
  refinement`,
);

const VOCABULARY = words("conflict function action operator leftOperand");

const define = (names: readonly string[], type?: string): JsonObject =>
  Object.fromEntries(
    names.map((name) => [name, type === undefined ? `odrl:${name}` : { "@type": type, "@id": `odrl:${name}` }]),
  );

export const ODRL_CONTEXT: JsonObject = {
  "@context": {
    odrl: "http://www.w3.org/ns/odrl/2/",
    rdf: "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    rdfs: "http://www.w3.org/2000/01/rdf-schema#",
    owl: "http://www.w3.org/2002/07/owl#",
    skos: "http://www.w3.org/2004/02/skos/core#",
    dct: "http://purl.org/dc/terms/",
    xsd: "http://www.w3.org/2001/XMLSchema#",
    vcard: "http://www.w3.org/2006/vcard/ns#",
    foaf: "http://xmlns.com/foaf/0.1/",
    schema: "http://schema.org/",
    cc: "http://creativecommons.org/ns#",
    uid: "@id",
    type: "@type",
    ...define(PLAIN),
    ...define(REFERENCES, "@id"),
    ...define(VOCABULARY, "@vocab"),
    rightOperandReference: { "@type": "xsd:anyURI", "@id": "odrl:rightOperandReference" },
    dataType: { "@type": "xsd:anyType", "@id": "odrl:datatype" },
    // As published: one colon too many, and another letter.
    industry: "odrl:industry:",
    neq: "odrl:neg",
  },
};
