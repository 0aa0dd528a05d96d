import { ed25519 } from "./ed25519.ts";
import { p256 } from "./p256.ts";
import { secp256k1 } from "./secp256k1.ts";
import type { Algorithm, SignatureSuite } from "./suite.ts";

/** The registry: a new suite is one file and one line here. */
export const SUITES: readonly SignatureSuite[] = [ed25519, p256, secp256k1];

const byAlgorithm = new Map(SUITES.map((suite) => [suite.algorithm, suite]));
const byJose = new Map<string, SignatureSuite>(SUITES.map((suite) => [suite.jose, suite]));

/** The suite of a key type. */
export function suiteOf(algorithm: Algorithm): SignatureSuite {
  return byAlgorithm.get(algorithm) as SignatureSuite;
}

/** The suite of a JOSE `alg`; `undefined` for any other, `none` and the HMACs included. */
export function suiteOfJose(alg: string): SignatureSuite | undefined {
  return byJose.get(alg);
}

export const ALGORITHMS: readonly Algorithm[] = SUITES.map((suite) => suite.algorithm);
