import { ed25519 } from "./ed25519.ts";
import { p256 } from "./p256.ts";
import { secp256k1 } from "./secp256k1.ts";
import type { Algorithm, SignatureSuite } from "./suite.ts";

/** The registry: a new suite is one file and one line here. */
const SUITES: readonly SignatureSuite[] = [ed25519, p256, secp256k1];

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

/** The suite whose Multikey prefix these bytes bear. */
export function suiteOfMulticodec(first: number, second: number): SignatureSuite | undefined {
  return SUITES.find((suite) => suite.multicodec[0] === first && suite.multicodec[1] === second);
}

export const ALGORITHMS: readonly Algorithm[] = SUITES.map((suite) => suite.algorithm);
