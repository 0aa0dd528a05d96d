import examples from "@digitalbazaar/credentials-examples-context/dist/context.js";
import dataIntegrity from "@digitalbazaar/data-integrity-context";
import multikey from "@digitalbazaar/multikey-context";
import did from "did-context";
import type { JsonObject } from "#base";
import { CREDENTIALS_V1_CONTEXT } from "./credentials-v1-context.ts";
import { CREDENTIALS_V2_CONTEXT } from "./credentials-v2-context.ts";
import { ED25519_2020_CONTEXT, JWK_CONTEXT } from "./key-contexts.ts";
import { ODRL_CONTEXT } from "./odrl-context.ts";
import { STATUS_CONTEXT } from "./status-context.ts";

/** URLs of the contexts that every credential of a data model starts with. */
export const CREDENTIALS_V1 = "https://www.w3.org/2018/credentials/v1";
export const CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2";

/** What an issuer names who wants terms that no context defines (Data Model 2.0 §B.1). */
const UNDEFINED_TERMS_CONTEXT = { "@context": { "@vocab": "https://www.w3.org/ns/credentials/undefined-term#" } };

/**
 * What no package has, and those of the credentials themselves: their package asks a module for its own URL, which a bundled script does
 * not have. `bundled-contexts.test.ts` holds them against the package.
 */
const OWN: readonly (readonly [string, object])[] = [
  [CREDENTIALS_V1, CREDENTIALS_V1_CONTEXT],
  [CREDENTIALS_V2, CREDENTIALS_V2_CONTEXT],
  ["https://www.w3.org/ns/credentials/undefined-terms/v2", UNDEFINED_TERMS_CONTEXT],
  // Data Model 2.0 §B.2: examples have every term that nobody defined.
  [
    "https://www.w3.org/ns/credentials/examples/v2",
    { "@context": { "@vocab": "https://www.w3.org/ns/credentials/examples#" } },
  ],
  ["https://w3id.org/security/jwk/v1", JWK_CONTEXT],
  ["https://w3id.org/security/suites/ed25519-2020/v1", ED25519_2020_CONTEXT],
  ["https://www.w3.org/ns/credentials/status/v1", STATUS_CONTEXT],
  ["https://www.w3.org/ns/odrl.jsonld", ODRL_CONTEXT],
];

/** Frozen to the ground: the contexts are shared by all who verify, and jsonld works on copies of them. */
function freeze(value: object): object {
  for (const member of Object.values(value)) if (typeof member === "object" && member !== null) freeze(member);
  return Object.freeze(value);
}

const CONTEXTS: ReadonlyMap<string, JsonObject> = new Map(
  [...examples.contexts, ...dataIntegrity.contexts, ...multikey.contexts, ...did.contexts, ...OWN].map(
    ([url, context]) => [url, freeze(context) as JsonObject],
  ),
);

/** URLs of the contexts that come with Hansa. */
export const BUNDLED_CONTEXTS: readonly string[] = [...CONTEXTS.keys()].sort();

/**
 * The context document that a URL names, where it comes with Hansa; none is ever fetched.
 *
 * @returns `{"@context": …}`, frozen
 */
export function bundledContext(url: string): JsonObject | undefined {
  return CONTEXTS.get(url);
}
