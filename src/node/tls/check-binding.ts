/** Whether an authority is the member's: clients ask before they trust it. */

import { encodeBase64Url } from "#base";
import { decodeMultikey, encodeMultikey, type PublicKey, sha256 } from "#crypto";
import { type Did, decodeCaBinding, didOfKeyId, fingerprintOf, fingerprintOfDid, isSignedBy } from "#protocol";
import { tlsError } from "./errors.ts";
import { pemBlocks } from "./tls-files.ts";
import { X509Certificate } from "./x509.ts";

export interface CheckedAuthority {
  /** The member's DID. */
  readonly did: Did;
  /** SHA-256 of the authority's key, base64url. */
  readonly spki: string;
  readonly until: number;
  /** `did`: by the DID's first key, whose fingerprint the DID is. `ledger`: by a key that the ledger has for it. */
  readonly by: "did" | "ledger";
}

/**
 * Checks every authority of a `ca.pem` against the statements of a `ca.jwt`.
 *
 * @param keyOf - what the ledger has under a key's id; `gone` where it knows the DID and not this key, `undefined` where it cannot be asked
 * @param now - milliseconds
 * @throws HansaError `tls.binding`
 */
export async function checkBindings(
  authorities: string,
  bindings: string,
  keyOf: (kid: string) => Promise<PublicKey | "gone" | undefined>,
  now: number,
): Promise<CheckedAuthority[]> {
  const statements = bindings.split("\n").filter((line) => line !== "");
  const certificates = pemBlocks("ca.pem", authorities, "CERTIFICATE");
  if (certificates.length === 0) throw broken("there is no authority");
  const checked: CheckedAuthority[] = [];
  for (const der of certificates) {
    const certificate = new X509Certificate(Uint8Array.from(der));
    const spki = encodeBase64Url(sha256(new Uint8Array(certificate.publicKey.rawData)));
    const found = statements.map(decode).find(({ claims }) => claims.spki === spki);
    if (found === undefined) throw broken("no statement speaks of this authority", spki);
    const { token, claims } = found;
    const { kid } = token.header;
    const key = decodeMultikey(claims.key);
    const fragment = kid.slice(kid.indexOf("#") + 1);
    if (key === undefined || didOfKeyId(kid) !== claims.iss || fingerprintOf(key) !== fragment)
      throw broken("`kid` is not the key of the statement", spki);
    if (!isSignedBy(token, key)) throw broken("the signature does not match", spki);
    if (claims.exp * 1000 <= now || claims.iat * 1000 > now + 300_000) throw broken("it is not valid now", spki);
    const byDid = fragment === fingerprintOfDid(claims.iss);
    const known = await keyOf(kid);
    if (known === "gone" || (known === undefined ? !byDid : encodeMultikey(known) !== claims.key))
      throw broken("the ledger does not know the key", spki);
    checked.push({
      did: claims.iss,
      spki,
      until: certificate.notAfter.getTime(),
      by: known === undefined ? "did" : "ledger",
    });
  }
  return checked;
}

function decode(text: string) {
  try {
    return decodeCaBinding(text);
  } catch (error) {
    throw tlsError("tls.binding", "a statement is malformed", { problem: "malformed" }, error);
  }
}

function broken(problem: string, spki?: string) {
  return tlsError("tls.binding", `the authority is not shown to be the member's: ${problem}`, {
    problem,
    ...(spki === undefined ? {} : { spki }),
  });
}
