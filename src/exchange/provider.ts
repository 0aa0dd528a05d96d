/** A provider's side of the exchange: one member of this node that lets data out, each time by its owner's authorisation. */

import { type Clock, encodeBase64Url, encodeUtf8, isHansaError } from "#base";
import { randomBytes, sha256 } from "#crypto";
import type { DurableMap, MapChange } from "#events";
import {
  type AccessReceipt,
  createReceiptId,
  type Did,
  decodeAccessReceipt,
  didOfKeyId,
  type GrantRecord,
  isSignedBy,
  type NonceAnswer,
  type NonceRequest,
  type ReleaseAnswer,
  type ReleasedData,
  type ReleaseRequest,
  resourceDigest,
  type SignedAccessReceipt,
  signAccessReceipt,
  type TransactionSigner,
} from "#protocol";
import { type AnswerLimits, Answers } from "./answers.ts";
import {
  type ProvenRequest,
  proveRequest,
  type ReceivedRequest,
  requireChain,
  requireCovered,
  spent,
} from "./check-request.ts";
import { spentLink, useOf } from "./counts.ts";
import { type DatasetFacts, Datasets, type NewDataset } from "./datasets.ts";
import { exchangeError } from "./errors.ts";
import { type EventLogs, readHistory } from "./history.ts";
import type { Durably, ExchangeLedger } from "./needs.ts";
import { type NonceLimits, ReleaseNonces } from "./nonces.ts";
import { type AccessProof, AccessReceipts, type AccessReceiptsOptions, type ShownReceipt } from "./receipts.ts";
import { sealerTo } from "./seal.ts";
import { type SubscriptionFrame, type SubscriptionLimits, Subscriptions } from "./subscription.ts";

export interface ExchangeProviderOptions {
  readonly did: Did;
  readonly key: TransactionSigner;
  readonly ledger: ExchangeLedger;
  readonly logs: EventLogs;
  /** This provider's own namespace. */
  readonly store: DurableMap;
  /** Of the database in which `store` is. */
  readonly durably: Durably;
  readonly clock: Clock;
  readonly anchor: AccessReceiptsOptions["anchor"];
  readonly findAnchor?: AccessReceiptsOptions["find"];
  readonly onError?: (error: unknown) => void;
  readonly nonces?: Partial<NonceLimits>;
  readonly answers?: Partial<AnswerLimits>;
  readonly subscriptions?: SubscriptionLimits;
  /** Releases that are being made at once, at most; 256 by default. */
  readonly atOnce?: number;
}

/** What is to go out, and what of it the provider keeps. */
interface Prepared {
  readonly receipt: AccessReceipt;
  readonly signed: SignedAccessReceipt;
  readonly salt: string;
  readonly sealed?: string;
  readonly dataset?: NonNullable<ReleasedData["dataset"]>;
}

const AT_ONCE = 256;
/** How often answers are forgotten whose request ran out, how many at once, and how soon the next where there are more; milliseconds. */
const FORGET = { everyMs: 5000, most: 500, pauseMs: 50 };
/** Receipts that an erasure changes in one transaction: nobody else waits long for it. */
const ERASE_AT_ONCE = 500;

/**
 * Releases data under grants. The count is used up, and the receipt kept, before anything leaves: in one durable transaction, in which the grant is
 * looked at once more.
 *
 * @example
 * ```ts
 * const { nonce } = provider.nonce({ recipient, provider: provider.did, resource });
 * const { receipt, sealed } = await provider.release(receiveRequest(token));
 * ```
 */
export class ExchangeProvider {
  readonly did: Did;
  readonly receipts: AccessReceipts;
  readonly #options: ExchangeProviderOptions;
  readonly #nonces: ReleaseNonces;
  readonly #datasets: Datasets;
  readonly #answers: Answers;
  readonly #subscriptions: Subscriptions;
  /** Releases that are being made, by their request: the same one twice at once is one. */
  readonly #making = new Map<string, Promise<ReleaseAnswer>>();
  #cancelForgetting: () => void = () => {};

  constructor(options: ExchangeProviderOptions) {
    const { did, key, store, clock, ledger } = options;
    this.#options = options;
    this.did = did;
    this.#nonces = new ReleaseNonces(clock, options.nonces);
    this.#datasets = new Datasets({ store, clock, provider: did, key });
    this.#answers = new Answers(store, options.answers);
    this.#subscriptions = new Subscriptions({
      ...options.subscriptions,
      logs: options.logs,
      ledger,
      clock,
      provider: did,
    });
    this.receipts = new AccessReceipts({
      store,
      clock,
      blockTime: () => ledger.blockTime(),
      anchor: options.anchor,
      ...(options.findAnchor === undefined ? {} : { find: options.findAnchor }),
      ...(options.onError === undefined ? {} : { onError: options.onError }),
    });
  }

  /** Begins to anchor receipts, and to forget answers whose request ran out. */
  start(): void {
    this.receipts.start();
    this.#forgetLater();
  }

  stop(): void {
    this.#cancelForgetting();
    this.receipts.stop();
    this.#subscriptions.stop();
  }

  /** To be called after a block: subscriptions whose grant is gone end with it. */
  onBlock(): void {
    this.#subscriptions.recheck();
  }

  /** A nonce for one request. It says nothing of whether there is a grant, or data. */
  nonce({ recipient, resource }: Pick<NonceRequest, "recipient" | "resource">): NonceAnswer {
    return this.#nonces.give({ audience: this.did, recipient, resource });
  }

  /**
   * Releases data once. The same request again, while it is good, gets the same answer and is not counted again.
   *
   * @throws HansaError `grant.*`, `exchange.*`
   */
  async release(received: ReceivedRequest): Promise<ReleaseAnswer> {
    const proven = proveRequest(received, this.#checks());
    if (proven.request.action !== "read")
      throw exchangeError("exchange.malformed", "a subscription has a route of its own", {
        path: "/action",
        problem: "action",
      });
    const making = this.#making.get(proven.digest);
    if (making !== undefined) return making;
    const kept = this.#keptFor(proven);
    if (kept?.receipt !== undefined && kept.sealed !== undefined) return { receipt: kept.receipt, sealed: kept.sealed };
    if (this.#making.size >= (this.#options.atOnce ?? AT_ONCE))
      throw exchangeError("exchange.busy", "too many releases are being made");
    this.#answers.requireRoom(proven.request.iss);
    const made = this.#release(proven).finally(() => this.#making.delete(proven.digest));
    this.#making.set(proven.digest, made);
    return made;
  }

  async #release(proven: ProvenRequest): Promise<ReleaseAnswer> {
    const { request } = proven;
    const chain = this.#admit(request);
    const salt = freshSalt();
    const jti = createReceiptId();
    const data = await this.#collect(request, chain);
    const whole: ReleasedData = { hansa: "release/1", receipt: jti, resource: request.resource, salt, ...data };
    const plaintext = encodeUtf8(JSON.stringify(whole));
    const sealed = sealerTo(request.epk).seal(plaintext);
    const receipt = this.#receiptFor(proven, chain, { jti, salt, content: encodeBase64Url(sha256(plaintext)) });
    const prepared: Prepared = {
      ...receipt,
      salt,
      sealed,
      ...(data.dataset === undefined ? {} : { dataset: data.dataset }),
    };
    await this.#consume(proven, prepared);
    return { receipt: prepared.signed, sealed };
  }

  /**
   * Opens a subscription: a receipt first, then each event sealed by itself, and a word on why it ended.
   *
   * @param from - offset behind which a broken subscription goes on, for the same request again
   * @throws HansaError as `release`, before the first frame
   */
  async subscribe(
    received: ReceivedRequest,
    options: { readonly signal: AbortSignal; readonly from?: number | undefined },
  ): Promise<AsyncGenerator<SubscriptionFrame, void, undefined>> {
    const proven = proveRequest(received, this.#checks());
    const { request } = proven;
    const { resource } = request;
    if (request.action !== "subscribe" || (resource.kind !== "topic" && resource.kind !== "property"))
      throw exchangeError("exchange.malformed", "the request is for no subscription", {
        path: "/action",
        problem: "action",
      });
    this.#subscriptions.requireRoom(proven);
    const kept = this.#keptFor(proven);
    const chain = kept === undefined ? this.#admit(request) : requireChain(request, this.#checks());
    const owner = (chain.at(-1) as GrantRecord).owner;
    const sealer = sealerTo(request.epk);
    sealer.check();
    const prepared = this.#subscriptions.prepare({ ...proven, resource, owner, sealer });
    try {
      return prepared.open(kept?.receipt ?? (await this.#receiptOfSubscription(proven, chain)), options);
    } catch (error) {
      prepared.leave();
      throw error;
    }
  }

  async #receiptOfSubscription(proven: ProvenRequest, chain: readonly GrantRecord[]): Promise<SignedAccessReceipt> {
    const salt = freshSalt();
    const made = this.#receiptFor(proven, chain, { jti: createReceiptId(), salt });
    await this.#consume(proven, { ...made, salt });
    return made.signed;
  }

  /**
   * Takes the recipient's signature on a receipt.
   *
   * @throws HansaError `token.*`, `exchange.unknown-receipt`, `exchange.signature`
   */
  countersign(signed: SignedAccessReceipt): { readonly jti: string } {
    const { receipt, recipient } = decodeAccessReceipt(signed);
    const kept = this.receipts.get(receipt.jti);
    const [ours] = kept?.receipt.signatures ?? [];
    const [theirs] = signed.signatures;
    if (
      kept?.receipt.payload !== signed.payload ||
      ours?.protected !== theirs?.protected ||
      ours?.signature !== theirs?.signature
    )
      throw exchangeError("exchange.unknown-receipt", "the provider gave no such receipt");
    const kid = recipient?.header.kid ?? "";
    const key = didOfKeyId(kid) === receipt.sub ? this.#options.ledger.keyOf(kid) : undefined;
    if (recipient === undefined || key === undefined || !isSignedBy(recipient, key))
      throw exchangeError("exchange.signature", "no key of the recipient signed the receipt");
    this.receipts.keepSignature(receipt.jti, signed);
    return { jti: receipt.jti };
  }

  /** @throws HansaError `exchange.dataset-exists`, `exchange.too-large` */
  putDataset(dataset: NewDataset): DatasetFacts {
    return this.#datasets.put(dataset);
  }

  listDatasets(page: { readonly after?: string | undefined; readonly limit: number }): DatasetFacts[] {
    return this.#datasets.list(page);
  }

  ownerOfDataset(dataset: string): Did | undefined {
    return this.#datasets.ownerOf(dataset);
  }

  /**
   * Erases a dataset for good: content, salt, name and owner; sealed answers with it in them; and what tells that a receipt was about it.
   *
   * @throws HansaError `exchange.no-data`
   */
  async eraseDataset(dataset: string): Promise<void> {
    for (let left = true; left; ) {
      let found = false;
      await this.#options.durably(() => {
        const changes = this.#datasets.erasure(dataset);
        found = changes.length > 0;
        if (!found) return;
        const receipts = this.receipts.erasure(dataset, ERASE_AT_ONCE);
        left = receipts.requests.length === ERASE_AT_ONCE;
        this.#options.store.batch([
          // Last of all, so that what breaks off is asked for again and found.
          ...(left ? [] : changes),
          ...receipts.changes,
          ...receipts.requests.map((request) => this.#answers.drop(request)),
        ]);
      });
      if (!found) throw exchangeError("exchange.no-data", "the provider keeps no such data");
    }
  }

  listReceipts(page: { readonly grant?: string | undefined; readonly limit: number }): ShownReceipt[] {
    return this.receipts.list(page);
  }

  /** @throws HansaError `exchange.unknown-receipt`, `exchange.not-anchored` */
  proofOf(jti: string): AccessProof {
    const proof = this.receipts.proofOf(jti);
    if (proof === undefined) throw exchangeError("exchange.unknown-receipt", "there is no such receipt");
    return proof;
  }

  #forgetLater(ms = FORGET.everyMs): void {
    const { clock, onError } = this.#options;
    this.#cancelForgetting = clock.after(ms, () => {
      let more = false;
      try {
        more = this.#answers.forget(Math.floor(clock.now() / 1000), FORGET.most);
      } catch (error) {
        onError?.(error);
      }
      this.#forgetLater(more ? FORGET.pauseMs : FORGET.everyMs);
    });
  }

  #checks() {
    const { ledger, clock } = this.#options;
    return { ledger, clock, provider: this.did };
  }

  /** An answer that was given to this very request, as long as the grant stands; that it is spent by now is this request's own doing. */
  #keptFor({ digest, request }: ProvenRequest): Partial<ReleaseAnswer> | undefined {
    const kept = this.#answers.get({ digest, exp: request.exp });
    if (kept === undefined) return undefined;
    requireChain(request, this.#checks());
    const shown = this.receipts.get(kept.receipt);
    if (shown === undefined) return undefined;
    // As it was given: with the provider's signature alone.
    const { payload, signatures } = shown.receipt;
    const receipt = { payload, signatures: signatures.slice(0, 1) };
    return { receipt, ...(kept.sealed === undefined ? {} : { sealed: kept.sealed }) };
  }

  #admit(request: ReleaseRequest): readonly GrantRecord[] {
    const { nonce, iss, resource } = request;
    this.#nonces.use(nonce, { audience: this.did, recipient: iss, resource });
    const chain = requireChain(request, this.#checks());
    requireCovered(request, chain, this.#options);
    // Looked at now so that nothing is sealed in vain; what counts is the look within the transaction.
    const link = spentLink(this.#options.store, chain);
    if (link !== undefined) throw spent(link.grant);
    return chain;
  }

  async #collect(
    { resource, window }: ReleaseRequest,
    chain: readonly GrantRecord[],
  ): Promise<Pick<ReleasedData, "dataset" | "topics">> {
    const owner = (chain.at(-1) as GrantRecord).owner;
    if (resource.kind === "dataset" || resource.kind === "credential") {
      const found = this.#datasets.find(resource, owner);
      if (found.owner !== owner) throw exchangeError("exchange.not-owner", "the dataset is not the grant's owner's");
      return { dataset: found.dataset };
    }
    const whose = { owner, provider: this.did, now: this.#options.clock.now() };
    if (window === undefined) throw exchangeError("exchange.window", "a history has a window");
    return { topics: await readHistory(resource, window, whose, this.#options) };
  }

  #receiptFor(
    { request, digest }: ProvenRequest,
    chain: readonly GrantRecord[],
    made: { readonly jti: string; readonly salt: string; readonly content?: string },
  ): Pick<Prepared, "receipt" | "signed"> {
    const { purpose, action, jurisdiction, window } = request;
    const receipt: AccessReceipt = {
      jti: made.jti,
      iss: this.did,
      sub: request.iss,
      group: request.group,
      grants: chain.map(({ grant }) => grant),
      purpose,
      action,
      jurisdiction,
      resource: resourceDigest(made.salt, request.resource),
      ...(window === undefined ? {} : { window }),
      ...(made.content === undefined ? {} : { content: made.content }),
      request: digest,
      iat: Math.floor(this.#options.clock.now() / 1000),
    };
    const { kid, signer } = this.#options.key;
    return { receipt, signed: signAccessReceipt(receipt, kid, signer) };
  }

  /**
   * Uses the chain once and keeps answer and receipt, all or nothing. What happened since the first look counts here: a revocation, an erasure,
   * another request that took the last of the count.
   */
  async #consume({ request, digest }: ProvenRequest, prepared: Prepared): Promise<void> {
    const { store, durably } = this.#options;
    let refused: unknown;
    await durably(() => {
      try {
        const chain = requireChain(request, this.#checks());
        const link = spentLink(store, chain);
        if (link !== undefined) throw spent(link.grant);
        const { signed: receipt, sealed, dataset } = prepared;
        if (dataset !== undefined && !this.#datasets.isStill(dataset))
          throw exchangeError("exchange.no-data", "the data was erased or replaced");
        const asked = { digest, exp: request.exp };
        const kept = { receipt: prepared.receipt.jti, recipient: request.iss };
        const changes: MapChange[] = [
          ...useOf(store, chain),
          this.#answers.keep(asked, { ...kept, ...(sealed === undefined ? {} : { sealed }) }),
        ];
        const opened = { resource: request.resource, salt: prepared.salt };
        const entry = { receipt, opened, ...(dataset === undefined ? {} : { dataset: dataset.dataset }) };
        this.receipts.enlist(prepared.receipt, entry, asked, changes);
      } catch (error) {
        // A refusal is this request's alone; what the store throws fails the whole transaction, as it must.
        if (!isHansaError(error) || !error.code.startsWith("exchange.")) throw error;
        refused = error;
      }
    });
    if (refused !== undefined) throw refused;
  }
}

function freshSalt(): string {
  return encodeBase64Url(randomBytes(32));
}
