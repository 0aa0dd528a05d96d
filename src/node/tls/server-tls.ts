/** TLS of a running node: certificate, key and trust out of its home, taken up anew when they change, without a connection dropped. */
import { constants } from "node:crypto";
import { watch } from "node:fs";
import type { TLSSocket, TlsOptions } from "node:tls";
import { type Clock, isHansaError } from "#base";
import type { KeyStore } from "#crypto/node";
import type { Log } from "../log.ts";
import { ClientTrust, type ReadCertificate } from "./client-trust.ts";
import { tlsError } from "./errors.ts";
import type { PeerCertificate } from "./peer-certificate.ts";
import { pem, pemBlocks, readNodeFile, readTlsFile, type TlsFiles, tlsFilesAt } from "./tls-files.ts";

/** How often the files are looked at where the system does not tell of changes, milliseconds. */
const LOOK = 60_000;
/** A client that does not come to the end of its handshake is gone after this, milliseconds. */
const HANDSHAKE = 10_000;

export interface ServerTlsOptions {
  readonly home: string;
  readonly mode: "server" | "mutual";
  readonly keys: KeyStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** What one state of the files comes to. */
interface Loaded {
  readonly text: string;
  readonly context: Pick<TlsOptions, "cert" | "key" | "ca">;
  readonly trust: ClientTrust;
}

export class ServerTls {
  readonly mode: "server" | "mutual";
  readonly #files: TlsFiles;
  readonly #keys: KeyStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listeners = new Set<(renewed: boolean) => void>();
  readonly #peers = new WeakMap<TLSSocket, ReadCertificate>();
  readonly #stops: (() => void)[] = [];
  #loaded: Loaded;
  #loading: Promise<void> = Promise.resolve();

  private constructor({ home, mode, keys, clock, log }: ServerTlsOptions, loaded: Loaded) {
    this.mode = mode;
    this.#files = tlsFilesAt(home);
    this.#keys = keys;
    this.#clock = clock;
    this.#log = log;
    this.#loaded = loaded;
  }

  /**
   * Reads the files and watches them.
   *
   * @throws HansaError `tls.not-set-up`, `tls.damaged`
   */
  static async open(options: ServerTlsOptions): Promise<ServerTls> {
    const files = tlsFilesAt(options.home);
    const tls = new ServerTls(options, await load(files, options.keys));
    tls.#watch();
    return tls;
  }

  /** For `createServer` and `setSecureContext`. */
  options(): TlsOptions {
    const mutual = this.mode === "mutual";
    return {
      ...this.#loaded.context,
      minVersion: "TLSv1.2",
      honorCipherOrder: true,
      handshakeTimeout: HANDSHAKE,
      requestCert: mutual,
      rejectUnauthorized: mutual,
      // A resumed session would skip the look at the certificate.
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    };
  }

  /**
   * The client's certificate as it stands now; `undefined` unless TLS is mutual.
   *
   * @throws HansaError `tls.certificate`
   */
  peerOf(socket: TLSSocket): PeerCertificate | undefined {
    if (this.mode !== "mutual") return undefined;
    const now = this.#clock.now();
    const known = this.#peers.get(socket);
    if (known !== undefined) {
      this.#loaded.trust.require(known, now);
      return known;
    }
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    if (certificate === undefined)
      throw tlsError("tls.certificate", "the client has no certificate", { problem: "none" });
    const read = this.#loaded.trust.read(certificate.raw, now);
    this.#peers.set(socket, read);
    return read;
  }

  /**
   * Calls back after the files changed (`renewed`), and every minute besides, since certificates run out by themselves: connections are to be
   * looked at again. Answers how to stop.
   */
  onChange(listener: (renewed: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes up what the files hold now. What cannot be read is logged, and the node goes on with what it has. */
  reload(): Promise<void> {
    this.#loading = this.#loading.then(async () => {
      try {
        const loaded = await load(this.#files, this.#keys);
        if (loaded.text === this.#loaded.text) return;
        this.#loaded = loaded;
        this.#log.info({}, "the node's certificates were taken up anew");
        this.#tell(true);
      } catch (error) {
        const cause = isHansaError(error) ? error.message : String(error);
        this.#log.error({ cause }, "the node's certificates cannot be taken up; the old ones stay");
      }
    });
    return this.#loading;
  }

  #tell(renewed: boolean): void {
    for (const listener of this.#listeners) listener(renewed);
  }

  #watch(): void {
    try {
      const watcher = watch(this.#files.folder, { persistent: false }, () => void this.reload());
      watcher.on("error", () => watcher.close());
      this.#stops.push(() => watcher.close());
    } catch (error) {
      this.#log.warn(
        { cause: String(error) },
        "the folder of certificates cannot be watched; it is looked at every minute",
      );
    }
    // Folders over a network, for instance, tell nothing.
    let cancel: () => void = () => {};
    const look = () => {
      cancel = this.#clock.after(LOOK, () => {
        this.#tell(false);
        void this.reload();
        look();
      });
    };
    look();
    this.#stops.push(() => cancel());
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    this.#listeners.clear();
    await this.#loading;
  }
}

async function load(files: TlsFiles, keys: KeyStore): Promise<Loaded> {
  const authorities = readTlsFile(files.authorities);
  const revocations = readTlsFile(files.revocations);
  const text = [readTlsFile(files.node), authorities, revocations].join("\n");
  const { chain, pkcs8 } = readNodeFile(files.node, keys);
  const trust = await ClientTrust.create(
    pemBlocks(files.authorities, authorities, "CERTIFICATE"),
    pemBlocks(files.revocations, revocations, "X509 CRL"),
  );
  const key = pem(pkcs8, "PRIVATE KEY");
  pkcs8.fill(0);
  return { text, context: { cert: chain.map((der) => pem(der, "CERTIFICATE")).join(""), key, ca: authorities }, trust };
}
