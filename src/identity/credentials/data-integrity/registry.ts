import { credentialError } from "../errors.ts";
import type { Cryptosuite } from "./cryptosuite.ts";
import { ecdsaJcs2019 } from "./ecdsa-jcs-2019.ts";
import { ecdsaRdfc2019 } from "./ecdsa-rdfc-2019.ts";
import { ecdsaSd2023 } from "./ecdsa-sd-2023.ts";
import { eddsaJcs2022 } from "./eddsa-jcs-2022.ts";
import { eddsaRdfc2022 } from "./eddsa-rdfc-2022.ts";

/** The registry: a new cryptosuite is one file and one line here. */
const SUITES: readonly Cryptosuite[] = [ecdsaJcs2019, ecdsaRdfc2019, ecdsaSd2023, eddsaJcs2022, eddsaRdfc2022];

const byName = new Map(SUITES.map((suite) => [suite.name, suite]));

/** Names of the cryptosuites that are known, in order. */
export const CRYPTOSUITES: readonly string[] = [...byName.keys()].sort();

/**
 * The cryptosuite of a name.
 *
 * @throws HansaError `credentials.proof` where there is none
 */
export function cryptosuiteOf(name: string): Cryptosuite {
  const suite = byName.get(name);
  if (suite === undefined)
    throw credentialError("credentials.proof", `there is no cryptosuite ${JSON.stringify(name.slice(0, 40))}`, {
      problem: "cryptosuite",
      known: CRYPTOSUITES,
    });
  return suite;
}
