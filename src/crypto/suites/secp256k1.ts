import { ecdsaSuite } from "./ecdsa.ts";

/** ES256K, RFC 8812. */
export const secp256k1 = ecdsaSuite("secp256k1", "ES256K", [0xe7, 0x01]);
