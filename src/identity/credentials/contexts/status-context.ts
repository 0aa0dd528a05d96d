import type { JsonObject } from "#base";

const STATUS = "https://www.w3.org/ns/credentials/status#";
const NODE = { "@protected": true, id: "@id", type: "@type" };

/**
 * `https://www.w3.org/ns/credentials/status/v1`: Bitstring Status List for credentials of data model 1.1. Those of 2.0 have its terms in
 * their own context.
 */
export const STATUS_CONTEXT: JsonObject = {
  "@context": {
    "@protected": true,
    BitstringStatusListCredential: `${STATUS}BitstringStatusListCredential`,
    BitstringStatusList: {
      "@id": `${STATUS}BitstringStatusList`,
      "@context": {
        ...NODE,
        statusPurpose: `${STATUS}statusPurpose`,
        encodedList: { "@id": `${STATUS}encodedList`, "@type": "https://w3id.org/security#multibase" },
        ttl: `${STATUS}ttl`,
        statusReference: `${STATUS}statusReference`,
        statusSize: `${STATUS}statusSize`,
        statusMessage: {
          "@id": `${STATUS}statusMessage`,
          "@context": { ...NODE, status: `${STATUS}status`, message: `${STATUS}message` },
        },
      },
    },
    BitstringStatusListEntry: {
      "@id": `${STATUS}BitstringStatusListEntry`,
      "@context": {
        ...NODE,
        statusPurpose: `${STATUS}statusPurpose`,
        statusListIndex: `${STATUS}statusListIndex`,
        statusListCredential: { "@id": `${STATUS}statusListCredential`, "@type": "@id" },
      },
    },
  },
};
