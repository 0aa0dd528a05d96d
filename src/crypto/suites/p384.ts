import { ecdsaSuite } from "./ecdsa.ts";

/** ES384, RFC 7518 §3.4. It signs credentials and is in no registry: transactions stay with the three suites there. */
export const p384 = ecdsaSuite("P-384", "ES384", [0x81, 0x24]);
