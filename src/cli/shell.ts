import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { compareText, decodeUtf8, encodeBase64Url } from "#base";
import { encodeMultikey, type PublicKey, sha256 } from "#crypto";
import { type KeyFile, openKeyFile } from "#crypto/node";
import { decodeTransaction, didOf, isDid, type Operation, type Receipt } from "#protocol";
import {
  type Client,
  type ClientTls,
  createClient,
  createParty,
  groupIdOfClient,
  type Party,
  sendOperations,
  signOperations,
} from "#sdk";
import type { Answer } from "./command.ts";
import { cliError } from "./errors.ts";
import { configuredMember, configuredTls, groupsOfHome } from "./home/facts.ts";
import { readBytes, writeNewFile } from "./home/files.ts";
import { type Identity, KEY_FILE, loadIdentities } from "./home/identities.ts";
import { findPassphrase } from "./home/passphrase.ts";
import type { Io } from "./io.ts";
import { formatSeconds, formatTime, shortenId, shortenIds } from "./output/format.ts";
import { createPaint, type Paint, paintStatus } from "./output/paint.ts";
import { cleanText, renderFields, renderTable } from "./output/table.ts";

/** Options that every command knows. */
export interface GlobalOptions {
  readonly json?: boolean;
  /** Path of the one value of the JSON that is printed. */
  readonly pick?: string;
  readonly full?: boolean;
  readonly url?: string;
  readonly group?: string;
  readonly home?: string;
  readonly as?: string;
  readonly passphraseFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Options of commands that send a transaction. */
export interface TransactOptions {
  readonly also?: readonly string[];
  readonly out?: string;
  readonly valid?: number;
}

const DEFAULT_ADDRESS = "127.0.0.1:7420";

/** What a command works with: its surroundings, the home's keys, the node, and how things are shown. */
export class Shell {
  readonly io: Io;
  readonly globals: GlobalOptions;
  readonly paint: Paint;
  readonly home: string;
  #keys: Promise<KeyFile> | undefined;
  #client: Client | undefined;

  constructor(io: Io, globals: GlobalOptions) {
    this.io = io;
    this.globals = globals;
    this.paint = createPaint(io.stdout, io.env);
    this.home = resolve(io.cwd, globals.home ?? io.env["HANSA_HOME"] ?? ".hansa");
  }

  /** Wipes what was opened. */
  async close(): Promise<void> {
    const keys = await this.#keys?.catch(() => undefined);
    keys?.close();
  }

  /** Whether the home has keys to sign with. */
  get hasKeys(): boolean {
    return existsSync(join(this.home, KEY_FILE));
  }

  /** A client that signs nothing but reads, and those only where the group wants it: only then is a passphrase needed. */
  get client(): Client {
    const reader = this.hasKeys ? { reader: () => this.party() } : {};
    this.#client ??= createClient({
      ...reader,
      url: this.#url,
      tls: this.#url.startsWith("https:") ? this.#tls() : undefined,
      group: this.globals.group,
      now: () => this.io.now(),
    });
    return this.#client;
  }

  get #url(): string {
    const given = this.globals.url ?? this.io.env["HANSA_URL"];
    return given ?? `${configuredTls(this.home) ? "https" : "http"}://${DEFAULT_ADDRESS}`;
  }

  /** What is trusted and shown under TLS: as the options say, or what lies in the home. */
  #tls(): ClientTls {
    const { io, globals, home } = this;
    const own = join(home, "client");
    const find = (given: string | undefined, ...places: string[]) => {
      const file = given === undefined || given === "" ? places.find((place) => existsSync(place)) : this.path(given);
      return file === undefined ? undefined : decodeUtf8(readBytes(file, 1024 * 1024));
    };
    return {
      ca: find(globals.ca ?? io.env["HANSA_CA"], join(own, "ca.pem"), join(home, "tls", "ca.pem")),
      cert: find(globals.cert ?? io.env["HANSA_CERT"], join(own, "cert.pem")),
      key: find(globals.key ?? io.env["HANSA_KEY"], join(own, "key.pem")),
    };
  }

  /** A client that signs as `--as` says. */
  async signingClient(): Promise<Client> {
    return { ...this.client, signer: await this.party(), memory: this.client.memory };
  }

  path(file: string): string {
    return resolve(this.io.cwd, file);
  }

  /** Text of a file, or of standard input for `-`. */
  async readText(file: string): Promise<string> {
    const bytes = file === "-" ? await this.io.readInput() : readBytes(this.path(file));
    const text = decodeUtf8(bytes);
    if (text === undefined) throw cliError("cli.file-malformed", `${file} is not UTF-8 text`, { path: file });
    return text;
  }

  passphrase(confirm = false): Promise<string> {
    const { passphraseFile } = this.globals;
    return findPassphrase(this.io, passphraseFile === undefined ? undefined : this.path(passphraseFile), confirm);
  }

  /** The home's key file, opened once. */
  keys(): Promise<KeyFile> {
    this.#keys ??= this.#openKeys();
    return this.#keys;
  }

  async #openKeys(): Promise<KeyFile> {
    const path = join(this.home, KEY_FILE);
    if (!existsSync(path)) throw cliError("cli.home-missing", `there is no key file ${path}`, { home: this.home });
    return openKeyFile(path, await this.passphrase());
  }

  /** Who signs: an identity of the home, by default that of `--as`. */
  async party(name = this.#ownName()): Promise<Party> {
    const { identities } = loadIdentities(this.home);
    const identity = Object.hasOwn(identities, name) ? identities[name] : undefined;
    const keys = await this.keys();
    const key = identity?.key ?? name;
    if (!keys.list().some((stored) => stored.name === key)) throw this.#unknown(name, keys);
    return createParty(await this.alliance(), keys.signer(key), identity?.did);
  }

  #ownName(): string {
    const given = this.globals.as ?? this.io.env["HANSA_AS"];
    if (given !== undefined && given !== "") return given;
    if (!existsSync(join(this.home, KEY_FILE)))
      throw cliError("cli.home-missing", `there is no home at ${this.home}`, { home: this.home });
    const own = configuredMember(this.home) ?? loadIdentities(this.home).default;
    if (own === undefined) throw cliError("cli.identity-needed", "the command signs, and nobody says as whom");
    return own;
  }

  #unknown(name: string, keys: KeyFile) {
    const names = new Set(keys.list().map((stored) => stored.name));
    for (const known of Object.keys(loadIdentities(this.home).identities)) names.add(known);
    const known = [...names].sort(compareText);
    return cliError("cli.identity-unknown", `the home has no identity ${name}; it has ${known.join(", ") || "none"}`, {
      name,
      known,
    });
  }

  /** The DID that a text means: a DID itself, or the name of an identity of the home. */
  async did(text: string): Promise<string> {
    if (isDid(text)) return text;
    const { identities } = loadIdentities(this.home);
    if (Object.hasOwn(identities, text)) return (identities[text] as Identity).did;
    if (!/^[A-Za-z0-9._/-]{1,128}$/.test(text) || !existsSync(join(this.home, KEY_FILE)))
      throw cliError("cli.argument", `${text} is neither a DID nor the name of an identity of ${this.home}`, { text });
    return (await this.party(text)).did;
  }

  /** The public key that a text means: a Multikey itself, or the name of a key of the home. */
  async multikey(text: string): Promise<string> {
    if (/^z[1-9A-HJ-NP-Za-km-z]{40,70}$/.test(text)) return text;
    const keys = await this.keys();
    const stored = keys.list().find(({ name }) => name === text);
    if (stored === undefined) throw this.#unknown(text, keys);
    return encodeMultikey({ algorithm: stored.algorithm, bytes: stored.publicKey });
  }

  /** First part of the group's id; known without a node where the home or `--group` tells it. */
  async alliance(): Promise<string> {
    const named = /^([a-z0-9-]+):[a-z0-9-]+:/.exec(this.globals.group ?? "")?.[1];
    if (named !== undefined) return named;
    const alliances = new Set(groupsOfHome(this.home).map(({ genesis }) => genesis.alliance));
    for (const { did } of Object.values(loadIdentities(this.home).identities))
      alliances.add(did.split(":")[2] as string);
    const [only] = alliances;
    if (only !== undefined && alliances.size === 1) return only;
    return (await groupIdOfClient(this.client, this.io.signal)).split(":")[0] as string;
  }

  /** Name of the home's group that `--group` means by name or id; `undefined` where it says nothing. */
  get localGroup(): string | undefined {
    const wanted = this.globals.group;
    return groupsOfHome(this.home).find(({ id }) => id === wanted)?.name ?? wanted;
  }

  /** DID that a first key gives in this alliance. */
  async didOfKey(key: PublicKey): Promise<string> {
    return didOf(await this.alliance(), key);
  }

  /** A digest as given, or that of a file's bytes. */
  digest(text: string): string {
    return /^[A-Za-z0-9_-]{43}$/.test(text) && !existsSync(this.path(text))
      ? text
      : encodeBase64Url(sha256(readBytes(this.path(text))));
  }

  /** Signs operations as one transaction, and sends it or writes it to `--out`. */
  async transact(operations: readonly Operation[], options: TransactOptions): Promise<Answer> {
    const signers = [await this.party()];
    for (const name of options.also ?? []) signers.push(await this.party(name));
    const how = { signers, seconds: options.valid, signal: this.io.signal };
    if (options.out === undefined) return this.receipt(await sendOperations(this.client, operations, how));
    return this.handOut(await signOperations(this.client, operations, how), options.out);
  }

  /** Writes a signed transaction for other parties. */
  handOut(text: string, file: string): Answer {
    if (file !== "-") writeNewFile(this.path(file), `${text}\n`);
    const { idText, claims, signatures } = decodeTransaction(text);
    const signers = signatures.map(({ did }) => did);
    return {
      json: { id: idText, file, signers, exp: claims.exp, transaction: text },
      text:
        file === "-"
          ? text
          : `${file}: signed by ${signers.map((did) => this.id(did)).join(", ")}; may be executed until ${formatSeconds(claims.exp)}\n` +
            this.paint(
              "dim",
              `The next party signs with: hansa sign ${file}; the last one sends it with: hansa submit ${file}`,
            ),
    };
  }

  /** Shows a receipt. */
  receipt(receipt: Receipt): Answer {
    const head = `${this.paint("green", "done")} in block ${receipt.height}, transaction ${receipt.index} (${this.id(receipt.id)})`;
    const facts = receipt.facts.map(({ fact, about, data }) => [
      fact,
      about.map((id) => this.id(id)).join(", "),
      this.value(data),
    ]);
    return {
      json: receipt,
      text: facts.length === 0 ? head : `${head}\n${this.table(["fact", "about", "data"], facts)}`,
    };
  }

  /** Whether ids are shortened: on a terminal, unless `--full`. */
  get shortens(): boolean {
    return this.io.stdout.isTerminal && this.globals.full !== true;
  }

  id(id: string): string {
    return this.shortens ? shortenId(id) : id;
  }

  time(milliseconds: number): string {
    return formatTime(milliseconds);
  }

  seconds(seconds: number): string {
    return formatSeconds(seconds);
  }

  status(status: string): string {
    return paintStatus(this.paint, status);
  }

  /** Any value on one line. */
  value(value: unknown): string {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const shown = text === "{}" ? "" : cleanText(text);
    return this.shortens ? shortenIds(shown) : shown;
  }

  table(headings: readonly string[], rows: readonly (readonly string[])[], none = "nothing"): string {
    if (rows.length === 0) return this.paint("dim", none);
    return renderTable(headings, rows, {
      head: (text) => this.paint("bold", text),
      columns: this.shortens ? this.io.stdout.columns : undefined,
    });
  }

  fields(fields: readonly (readonly [string, string] | undefined)[]): string {
    const present = fields.filter((field) => field !== undefined);
    return renderFields(present, (text) => this.paint("bold", text));
  }

  /** Prints a line at once: for commands that go on. */
  print(line: string): void {
    this.io.stdout.write(`${line}\n`);
  }

  /** Says something that is not part of the answer. */
  note(line: string): void {
    this.io.stderr.write(`${line}\n`);
  }
}
