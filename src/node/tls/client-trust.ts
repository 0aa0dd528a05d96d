/** Which client certificates are believed: those of the member's own authorities that were not revoked. */
import { X509Certificate as Certificate, type KeyObject } from "node:crypto";
import { isDid } from "#protocol";
import { ADMIN_NAME, plainSerial } from "./certificates.ts";
import { tlsError } from "./errors.ts";
import type { PeerCertificate } from "./peer-certificate.ts";
import { SubjectAlternativeNameExtension, X509Certificate, X509Crl } from "./x509.ts";

const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

interface Authority {
  readonly certificate: Certificate;
  readonly key: KeyObject;
  readonly revoked: ReadonlySet<string>;
}

/** A certificate as it was read, and who signed it. */
export interface ReadCertificate extends PeerCertificate {
  /** Fingerprint of the authority. */
  readonly authority: string;
}

export class ClientTrust {
  readonly #authorities: ReadonlyMap<string, Authority>;

  private constructor(authorities: ReadonlyMap<string, Authority>) {
    this.#authorities = authorities;
  }

  /**
   * @param authorities - certificates, DER
   * @param lists - of revoked certificates, DER: one of each authority, signed by it. An authority without one is not trusted.
   * @throws HansaError `tls.damaged`
   */
  static async create(authorities: readonly Uint8Array[], lists: readonly Uint8Array[]): Promise<ClientTrust> {
    const known = new Map<string, Authority>();
    const revocations = lists.map((der) => new X509Crl(Uint8Array.from(der)));
    for (const der of authorities) {
      const own = new X509Certificate(Uint8Array.from(der));
      let list: X509Crl | undefined;
      for (const candidate of revocations)
        if (candidate.issuer === own.subject && (await candidate.verify({ publicKey: own }))) list = candidate;
      if (list === undefined)
        throw tlsError("tls.damaged", `there is no list of revoked certificates of ${own.subject}`, {
          path: "crl.pem",
        });
      const certificate = new Certificate(der);
      known.set(certificate.fingerprint256, {
        certificate,
        key: certificate.publicKey,
        revoked: new Set(list.entries.map(({ serialNumber }) => plainSerial(serialNumber))),
      });
    }
    return new ClientTrust(known);
  }

  /**
   * Reads a client's certificate.
   *
   * @param now - milliseconds
   * @throws HansaError `tls.certificate`
   */
  read(der: Uint8Array, now: number): ReadCertificate {
    const certificate = new Certificate(der);
    const found = [...this.#authorities].find(
      ([, { certificate: authority, key }]) => certificate.checkIssued(authority) && certificate.verify(key),
    );
    if (found === undefined) throw refused("it is of another authority");
    if (certificate.ca || !(certificate.keyUsage ?? []).includes(CLIENT_AUTH)) throw refused("it is not a client's");
    const extension = new X509Certificate(Uint8Array.from(der)).getExtension(SubjectAlternativeNameExtension);
    const uris = (extension?.names.items ?? []).flatMap(({ type, value }) => (type === "url" ? [value] : []));
    const [did, ...more] = uris.filter(isDid);
    if (did === undefined || more.length > 0) throw refused("it does not name one DID");
    if (Date.parse(certificate.validFrom) > now) throw refused("it is not yet valid");
    const read: ReadCertificate = {
      did,
      admin: uris.includes(ADMIN_NAME),
      serial: plainSerial(certificate.serialNumber),
      until: Date.parse(certificate.validTo),
      authority: found[0],
    };
    this.require(read, now);
    return read;
  }

  /**
   * Whether a certificate that was read before is still believed.
   *
   * @throws HansaError `tls.certificate`
   */
  require({ authority, serial, until }: ReadCertificate, now: number): void {
    const issuer = this.#authorities.get(authority);
    if (issuer === undefined) throw refused("its authority is no longer trusted");
    if (until <= now) throw refused("it has expired");
    if (issuer.revoked.has(serial)) throw refused("it was revoked");
  }
}

function refused(problem: string) {
  return tlsError("tls.certificate", `the client's certificate is refused: ${problem}`, { problem });
}
