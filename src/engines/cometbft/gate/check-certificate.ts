import type { X509Certificate } from "node:crypto";
import { decodeBase64Url } from "#base";
import { cometAddress } from "#protocol";
import { LONGEST_CERTIFICATE_MS } from "./limits.ts";
import { CLIENT_AUTH, nodeUri, SERVER_AUTH } from "./node-certificate.ts";
import type { GateReason } from "./reasons.ts";

/** Whom a certificate proves, or why it proves nobody. */
export type CheckedCertificate = { readonly node: string } | { readonly refused: GateReason };

/**
 * Reads the node id out of a peer's certificate. TLS has proven by then that the far side holds its key; nobody vouches for the
 * certificate but the key itself: what the node may do, the ledger says.
 *
 * @param now - milliseconds since 1970
 * @param skew - how far off the maker's clock may be, milliseconds
 */
export function checkCertificate(
  certificate: X509Certificate | undefined,
  now: number,
  skew: number,
): CheckedCertificate {
  if (certificate === undefined) return { refused: "certificate-missing" };
  const key = ed25519Key(certificate);
  if (key === undefined) return { refused: "certificate-key" };
  if (!isSelfSigned(certificate)) return { refused: "certificate-signature" };
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  // Dates that cannot be read compare as false: refused.
  if (!(now - skew <= to)) return { refused: "certificate-expired" };
  if (!(now + skew >= from)) return { refused: "certificate-early" };
  if (to - from > LONGEST_CERTIFICATE_MS) return { refused: "certificate-lifetime" };
  const usages: readonly string[] = certificate.keyUsage ?? [];
  if (certificate.ca || ![CLIENT_AUTH, SERVER_AUTH].every((usage) => usages.includes(usage)))
    return { refused: "certificate-usage" };
  const node = cometAddress({ algorithm: "Ed25519", bytes: key });
  if (certificate.subjectAltName !== `URI:${nodeUri(node)}`) return { refused: "certificate-name" };
  return { node };
}

/** OpenSSL throws on keys that it does not know: such a certificate is merely refused. */
function ed25519Key(certificate: X509Certificate): Uint8Array | undefined {
  try {
    const { publicKey } = certificate;
    if (publicKey.asymmetricKeyType !== "ed25519") return undefined;
    return decodeBase64Url(publicKey.export({ format: "jwk" }).x ?? "");
  } catch {
    return undefined;
  }
}

function isSelfSigned(certificate: X509Certificate): boolean {
  try {
    return certificate.verify(certificate.publicKey);
  } catch {
    return false;
  }
}
