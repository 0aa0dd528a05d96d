/** A member's own certification authority: it vouches towards the member's node for the node's clients, and towards them for the node. */

import { encodeBase64Url } from "#base";
import { encodeMultikey, sha256 } from "#crypto";
import type { KeyStore } from "#crypto/node";
import { type Did, signCaBinding, type TransactionSigner } from "#protocol";
import {
  crossSign,
  type Issuer,
  issueAuthority,
  issueClient,
  issueNode,
  issueRevocations,
  makeKeyPair,
  plainSerial,
} from "./certificates.ts";
import { tlsError } from "./errors.ts";
import {
  type IssuedCertificate,
  isSetUp,
  type Register,
  readRegister,
  replaceFile,
  writeRegister,
} from "./register.ts";
import { encodeNodeFile, pem, pemBlocks, readTlsFile, type TlsFiles, tlsFilesAt } from "./tls-files.ts";
import { X509Certificate, type X509Crl } from "./x509.ts";

const DAY = 86_400_000;
/** Validity, days. */
const AUTHORITY_DAYS = 3650;
const NODE_DAYS = 397;
/** Clocks differ: what is issued is good a little earlier. */
const EARLIER = 5 * 60_000;

/** The member, as it signs. */
export interface AuthorityMember extends TransactionSigner {
  readonly did: Did;
}

export interface ClientRequest {
  /** Tells people what it is for; 1 to 64 characters. */
  readonly name: string;
  /** Whom it stands for. */
  readonly did: Did;
  /** Whether it may administer the node. */
  readonly admin: boolean;
  readonly days: number;
}

/** What a client needs, PEM. The key is in no other place. */
export interface ClientFiles {
  readonly serial: string;
  readonly until: number;
  readonly certificate: string;
  readonly key: string;
  readonly authorities: string;
  readonly bindings: string;
}

/**
 * The authority of a home. Its keys stay in the key file; what it issues is kept in a register. Each change is first in the register, then in
 * the files that a running node watches, each replaced in one step.
 */
export class TlsAuthority {
  readonly #files: TlsFiles;
  readonly #keys: KeyStore;
  readonly #now: () => number;

  constructor(home: string, keys: KeyStore, now: () => number) {
    this.#files = tlsFilesAt(home);
    this.#keys = keys;
    this.#now = now;
  }

  get folder(): string {
    return this.#files.folder;
  }

  /** @throws HansaError `tls.not-set-up`, `tls.damaged` */
  register(): Register {
    return readRegister(this.#files.register);
  }

  /**
   * Makes the authority and the node's certificate.
   *
   * @param hosts - names and addresses under which clients reach the node
   * @throws HansaError `tls.exists`
   * @example
   * ```ts
   * const authority = new TlsAuthority(".hansa", keys, () => Date.now());
   * await authority.setUp({ did, kid, signer }, ["localhost", "127.0.0.1", "node.acme.example"]);
   * ```
   */
  async setUp(member: AuthorityMember, hosts: readonly string[]): Promise<Register> {
    if (isSetUp(this.#files.register))
      throw tlsError("tls.exists", `${this.folder} holds an authority already`, { folder: this.folder });
    const now = this.#now();
    const certificate = await this.#makeAuthority(1, member.did, now);
    const register: Register = {
      version: 1,
      did: member.did,
      authorities: [{ number: 1, from: certificate.notBefore.getTime(), until: certificate.notAfter.getTime() }],
      hosts: [...new Set(hosts)],
      certificates: [],
    };
    this.#writeAuthorities([certificate], member, now);
    await this.#writeRevocations(register, [certificate]);
    // Last: without it nothing was set up.
    return this.#renewNode(register, [certificate]);
  }

  /** @throws HansaError `tls.not-set-up`, `tls.damaged` */
  async issue({ name, did, admin, days }: ClientRequest): Promise<ClientFiles> {
    const register = this.register();
    const [certificate] = this.#authorities(register);
    const { spki, pkcs8 } = makeKeyPair();
    const now = this.#now();
    const validity = { from: now - EARLIER, until: now + days * DAY };
    const issued = await issueClient(this.#issuer(register, certificate), spki, { name, did, admin }, validity);
    const entry = this.#note(register, issued, { kind: "client", name, did, admin });
    writeRegister(this.#files.register, { ...register, certificates: [...register.certificates, entry] });
    const key = pem(pkcs8, "PRIVATE KEY");
    pkcs8.fill(0);
    return {
      serial: entry.serial,
      until: entry.until,
      certificate: pem(issued.rawData, "CERTIFICATE"),
      key,
      authorities: readTlsFile(this.#files.authorities),
      bindings: readTlsFile(this.#files.bindings),
    };
  }

  /**
   * Revokes a certificate: running nodes take note at once. Once more does no harm.
   *
   * @throws HansaError `tls.unknown-serial`
   */
  async revoke(serial: string): Promise<IssuedCertificate> {
    const register = this.register();
    const wanted = plainSerial(serial);
    const found = register.certificates.find((entry) => entry.serial === wanted);
    if (found === undefined) throw tlsError("tls.unknown-serial", `no certificate ${serial}`, { serial });
    const entry = { ...found, revoked: found.revoked ?? this.#now() };
    const certificates = register.certificates.map((other) => (other === found ? entry : other));
    const changed = { ...register, certificates };
    writeRegister(this.#files.register, changed);
    await this.#writeRevocations(changed, this.#authorities(changed));
    return entry;
  }

  /** A new key and certificate for the node, and the authorities' bindings signed anew by the member's present key. */
  async rotate(member: AuthorityMember, hosts?: readonly string[]): Promise<Register> {
    const register = this.register();
    const certificates = this.#authorities(register);
    this.#writeAuthorities(certificates, member, this.#now());
    const changed = hosts === undefined ? register : { ...register, hosts: [...new Set(hosts)] };
    return this.#renewNode(changed, certificates);
  }

  /**
   * Begins the change of the authority: the new one issues from now on, certificates of the old one go on being trusted, and whoever trusts the
   * old one alone believes the node, too.
   *
   * @throws HansaError `tls.rollover`
   */
  async beginRollover(member: AuthorityMember): Promise<Register> {
    const register = this.register();
    const [old] = this.#authorities(register);
    const [before] = register.authorities;
    if (before === undefined || register.authorities.length > 1)
      throw tlsError("tls.rollover", "a change of the authority is under way: finish it first");
    const now = this.#now();
    const number = before.number + 1;
    const next = await this.#makeAuthority(number, member.did, now);
    const changed: Register = {
      ...register,
      authorities: [{ number, from: next.notBefore.getTime(), until: next.notAfter.getTime() }, before],
    };
    this.#writeAuthorities([next, old], member, now);
    await this.#writeRevocations(changed, [next, old]);
    return this.#renewNode(changed, [next, old]);
  }

  /**
   * Ends it: certificates of the old authority are refused from now on, its key is removed.
   *
   * @throws HansaError `tls.rollover`
   */
  async finishRollover(member: AuthorityMember): Promise<Register> {
    const register = this.register();
    const [newest] = this.#authorities(register);
    const [first, old] = register.authorities;
    if (first === undefined || old === undefined)
      throw tlsError("tls.rollover", "no change of the authority is under way");
    const changed: Register = { ...register, authorities: [first] };
    // The node first: it must not show a certificate that hangs on an authority which clients are told to forget.
    const renewed = await this.#renewNode(changed, [newest]);
    this.#writeAuthorities([newest], member, this.#now());
    await this.#writeRevocations(renewed, [newest]);
    if (this.#keys.list().some(({ name }) => name === keyName(old.number))) this.#keys.remove(keyName(old.number));
    return renewed;
  }

  async #makeAuthority(number: number, did: Did, now: number): Promise<X509Certificate> {
    const name = keyName(number);
    // Left behind by an attempt that did not come to its end.
    if (!this.#keys.list().some((stored) => stored.name === name)) this.#keys.generate(name, "P-256");
    const validity = { from: now - EARLIER, until: now + AUTHORITY_DAYS * DAY };
    return issueAuthority(
      this.#keys.signer(name),
      did,
      `${did.slice(did.lastIndexOf(":") + 1)} CA ${number}`,
      validity,
    );
  }

  async #renewNode(register: Register, [newest, old]: readonly X509Certificate[]): Promise<Register> {
    if (newest === undefined) throw tlsError("tls.damaged", "there is no authority", { path: this.#files.authorities });
    const { spki, pkcs8 } = makeKeyPair();
    const now = this.#now();
    const validity = { from: now - EARLIER, until: now + NODE_DAYS * DAY };
    const issuer = this.#issuer(register, newest);
    const node = await issueNode(issuer, spki, register.did, register.hosts, validity);
    const chain = [node.rawData];
    const before = register.authorities[1];
    if (old !== undefined && before !== undefined) {
      const signer = this.#keys.signer(keyName(before.number));
      chain.push((await crossSign({ signer, certificate: old }, newest, register.did)).rawData);
    }
    const entry = this.#note(register, node, { kind: "node", name: "node", did: register.did, admin: false });
    const changed = { ...register, certificates: [...register.certificates, entry] };
    writeRegister(this.#files.register, changed);
    replaceFile(this.#files.node, encodeNodeFile(this.#keys, chain, pkcs8), 0o600);
    pkcs8.fill(0);
    return changed;
  }

  #note(
    { authorities }: Register,
    certificate: X509Certificate,
    what: Pick<IssuedCertificate, "kind" | "name" | "did" | "admin">,
  ): IssuedCertificate {
    return {
      serial: plainSerial(certificate.serialNumber),
      authority: authorities[0]?.number ?? 1,
      ...what,
      from: certificate.notBefore.getTime(),
      until: certificate.notAfter.getTime(),
      revoked: null,
    };
  }

  #issuer({ authorities }: Register, certificate: X509Certificate): Issuer {
    return { signer: this.#keys.signer(keyName(authorities[0]?.number ?? 1)), certificate };
  }

  /** Certificates of the trusted authorities, newest first; they must be those of the register. */
  #authorities(register: Register): readonly [X509Certificate, ...X509Certificate[]] {
    const path = this.#files.authorities;
    const [newest, ...others] = pemBlocks(path, readTlsFile(path), "CERTIFICATE").map(
      (der) => new X509Certificate(Uint8Array.from(der)),
    );
    if (newest === undefined || others.length + 1 !== register.authorities.length)
      throw tlsError("tls.damaged", `${path} does not hold the register's authorities`, { path });
    return [newest, ...others];
  }

  #writeAuthorities(certificates: readonly X509Certificate[], member: AuthorityMember, now: number): void {
    const { signer, kid, did } = member;
    const bindings = certificates.map((certificate) =>
      signCaBinding(
        {
          iss: did,
          spki: encodeBase64Url(sha256(new Uint8Array(certificate.publicKey.rawData))),
          key: encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey }),
          iat: Math.floor(now / 1000),
          exp: Math.floor(certificate.notAfter.getTime() / 1000),
        },
        kid,
        signer,
      ),
    );
    replaceFile(this.#files.bindings, `${bindings.join("\n")}\n`, 0o644);
    replaceFile(
      this.#files.authorities,
      certificates.map((certificate) => pem(certificate.rawData, "CERTIFICATE")).join(""),
      0o644,
    );
  }

  async #writeRevocations(register: Register, certificates: readonly X509Certificate[]): Promise<void> {
    const now = this.#now();
    const lists: X509Crl[] = [];
    for (const [index, certificate] of certificates.entries()) {
      const number = register.authorities[index]?.number ?? 0;
      const revoked = register.certificates.flatMap((entry) =>
        entry.authority === number && entry.revoked !== null ? [{ serial: entry.serial, at: entry.revoked }] : [],
      );
      lists.push(await issueRevocations({ signer: this.#keys.signer(keyName(number)), certificate }, revoked, now));
    }
    replaceFile(this.#files.revocations, lists.map((list) => pem(list.rawData, "X509 CRL")).join(""), 0o644);
  }
}

function keyName(number: number): string {
  return `tls/ca-${number}`;
}
