import type { Json } from "#base";
import type { DidDocument } from "#protocol";
import { resolutionError } from "../../errors.ts";
import type { ParsedDid } from "../../resolution/did-url.ts";
import type { DidMethod, MethodOptions, Resolved } from "../../resolution/method.ts";
import { decodeMulticodecKey } from "./multicodec-key.ts";

/** How the key may be told (`publicKeyFormat`), and the context that says what is meant. */
const FORMATS: Readonly<Record<string, { readonly context: string; readonly jwk: boolean; readonly ed25519?: true }>> =
  {
    Multikey: { context: "https://w3id.org/security/multikey/v1", jwk: false },
    JsonWebKey: { context: "https://w3id.org/security/jwk/v1", jwk: true },
    JsonWebKey2020: { context: "https://w3id.org/security/suites/jws-2020/v1", jwk: true },
    Ed25519VerificationKey2020: {
      context: "https://w3id.org/security/suites/ed25519-2020/v1",
      jwk: false,
      ed25519: true,
    },
  };

/** `did:key` of the W3C CCG: the document follows from the DID, nobody is asked. Keys that sign; none is derived for encryption. */
export const keyMethod: DidMethod = {
  name: "key",
  options: ["publicKeyFormat"],

  resolve({ did, id }: ParsedDid, { publicKeyFormat = "Multikey" }: MethodOptions): Resolved {
    const format = Object.hasOwn(FORMATS, publicKeyFormat) ? FORMATS[publicKeyFormat] : undefined;
    if (format === undefined)
      throw resolutionError("resolution.options", "there is no such publicKeyFormat", {
        option: "publicKeyFormat",
        known: Object.keys(FORMATS),
      });
    const jwk = decodeMulticodecKey(id);
    if (format.ed25519 === true && jwk.crv !== "Ed25519")
      throw resolutionError("resolution.options", `a key of ${jwk.crv} cannot be told as ${publicKeyFormat}`, {
        option: "publicKeyFormat",
      });
    const key = `${did}#${id}`;
    const told: { readonly [member: string]: Json } = format.jwk ? { publicKeyJwk: jwk } : { publicKeyMultibase: id };
    const document: DidDocument = {
      "@context": ["https://www.w3.org/ns/did/v1", format.context],
      id: did,
      verificationMethod: [{ id: key, type: publicKeyFormat, controller: did, ...told }],
      authentication: [key],
      assertionMethod: [key],
      capabilityInvocation: [key],
      capabilityDelegation: [key],
    };
    return { document, metadata: {} };
  },
};
