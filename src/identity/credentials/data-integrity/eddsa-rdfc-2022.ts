import type { Cryptosuite } from "./cryptosuite.ts";
import { rdfcSuite } from "./rdf/rdfc-suite.ts";

/** Ed25519 over RDFC-1.0 (VC-DI-EdDSA §3.2). */
export const eddsaRdfc2022: Cryptosuite = rdfcSuite("eddsa-rdfc-2022", {
  Ed25519: { hash: "SHA-256", signature: 64 },
});
