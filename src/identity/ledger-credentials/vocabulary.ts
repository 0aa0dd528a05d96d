/**
 * Terms of what a ledger keeps, as a JSON-LD context that stands in the credential itself: whoever verifies needs nothing but it, and no
 * address has to answer for as long as credentials live.
 */
import type { JsonObject } from "#base";
import { CREDENTIALS_V2 } from "../credentials/contexts/bundled-contexts.ts";

const VOCABULARY = "urn:hansa:vocabulary#";
const term = (name: string) => `${VOCABULARY}${name}`;
/** A term whose value is an IRI: a DID. */
const reference = (name: string) => ({ "@id": term(name), "@type": "@id" });

const LEDGER_CONTEXT: JsonObject = {
  "@protected": true,
  DeviceCertification: term("DeviceCertification"),
  DeviceAdmission: term("DeviceAdmission"),
  DeviceOwnership: term("DeviceOwnership"),
  LedgerRecord: term("LedgerRecord"),
  device: reference("device"),
  deviceModel: term("deviceModel"),
  maker: reference("maker"),
  operator: reference("operator"),
  owner: reference("owner"),
  lab: reference("lab"),
  firmware: term("firmware"),
  firmwareDigest: term("firmwareDigest"),
  certificationReport: term("certificationReport"),
  ownershipNumber: term("ownershipNumber"),
  ledgerGroup: term("ledgerGroup"),
  ledgerHeight: term("ledgerHeight"),
  recordKey: term("recordKey"),
  recordProof: term("recordProof"),
};

/** `@context` of the credentials of this folder. */
export const LEDGER_CONTEXTS: readonly [string, JsonObject] = [CREDENTIALS_V2, LEDGER_CONTEXT];
