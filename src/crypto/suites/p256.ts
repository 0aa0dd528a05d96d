import { ecdsaSuite } from "./ecdsa.ts";

/** ES256: what secure elements have. RFC 7518 §3.4. */
export const p256 = ecdsaSuite("P-256", "ES256", [0x80, 0x24]);
