import type { Cryptosuite } from "./cryptosuite.ts";
import { rdfcSuite } from "./rdf/rdfc-suite.ts";

/** ECDSA over RDFC-1.0 (VC-DI-ECDSA §3.2). With P-384 all hashes are SHA-384, those within RDFC-1.0 included. */
export const ecdsaRdfc2019: Cryptosuite = rdfcSuite("ecdsa-rdfc-2019", {
  "P-256": { hash: "SHA-256", signature: 64 },
  "P-384": { hash: "SHA-384", signature: 96 },
});
