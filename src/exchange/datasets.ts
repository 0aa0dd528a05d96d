/** Data that a provider keeps for its owners: files, readings, credentials. What is erased here is gone with its salt. */

import { type Clock, decodeBase64Url, encodeBase64Url } from "#base";
import { randomBytes } from "#crypto";
import { type DurableMap, decodeRecord, encodeRecord, type MapChange } from "#events";
import {
  type Did,
  datasetDigest,
  type GrantResource,
  type ReleasedData,
  signDatasetStatement,
  type TransactionSigner,
} from "#protocol";
import { exchangeError } from "./errors.ts";

/** Largest dataset, bytes: it goes out whole, in one answer. */
export const MAX_DATASET_BYTES = 1024 * 1024;
const SALT_BYTES = 32;

/** A dataset without its content. */
export interface DatasetFacts {
  readonly dataset: string;
  readonly owner: Did;
  readonly mediaType: string;
  /** Type of the credential that it is, if it is one. */
  readonly credential?: string | undefined;
  readonly bytes: number;
  /** Salted digest of the content, as the provider signed it. */
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly created: number;
}

interface KeptDataset extends DatasetFacts {
  readonly salt: string;
  readonly statement: string;
}

export interface NewDataset {
  readonly owner: Did;
  /** A random name where left out. */
  readonly dataset?: string | undefined;
  readonly mediaType: string;
  readonly credential?: string | undefined;
  readonly content: Uint8Array;
}

/** A dataset as it is released, and whose it is. */
export interface FoundDataset {
  readonly owner: Did;
  readonly dataset: NonNullable<ReleasedData["dataset"]>;
}

/** Names have slashes; as a part of a key they have none, so that no name is the beginning of another. */
export const nameInKey = (dataset: string): string => encodeURIComponent(dataset);

const factsKey = (dataset: string) => `d/${nameInKey(dataset)}`;
const contentKey = (dataset: string) => `c/${nameInKey(dataset)}`;
const ownerPrefix = (owner: Did) => `w/${owner}/`;
const ownerKey = (owner: Did, dataset: string) => ownerPrefix(owner) + nameInKey(dataset);

export class Datasets {
  readonly #store: DurableMap;
  readonly #clock: Clock;
  readonly #provider: Did;
  readonly #key: TransactionSigner;

  constructor(options: {
    readonly store: DurableMap;
    readonly clock: Clock;
    readonly provider: Did;
    readonly key: TransactionSigner;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#provider = options.provider;
    this.#key = options.key;
  }

  /**
   * Keeps a dataset; one of the same name and owner is replaced, with a fresh salt. Durable when it returns.
   *
   * @throws HansaError `exchange.dataset-exists`, `exchange.too-large`
   */
  put({ owner, mediaType, credential, content, ...named }: NewDataset): DatasetFacts {
    if (content.length > MAX_DATASET_BYTES)
      throw exchangeError("exchange.too-large", `a dataset has ${MAX_DATASET_BYTES} bytes at most`, {
        bytes: content.length,
        limit: MAX_DATASET_BYTES,
      });
    const dataset = named.dataset ?? `ds-${encodeBase64Url(randomBytes(16))}`;
    const before = this.#kept(dataset);
    if (before !== undefined && before.owner !== owner)
      throw exchangeError("exchange.dataset-exists", "the name is taken by another owner's dataset", { dataset });
    const now = this.#clock.now();
    const salt = encodeBase64Url(randomBytes(SALT_BYTES));
    const digest = datasetDigest(salt, content) as string;
    const statement = signDatasetStatement(
      { iss: this.#provider, dataset, mediaType, digest, iat: Math.floor(now / 1000) },
      this.#key.kid,
      this.#key.signer,
    );
    const facts = { dataset, owner, mediaType, bytes: content.length, digest, created: now };
    const typed = credential === undefined ? facts : { ...facts, credential };
    this.#store.batch([
      { key: factsKey(dataset), value: encodeRecord({ ...typed, salt, statement } satisfies KeptDataset) },
      { key: contentKey(dataset), value: content },
      { key: ownerKey(owner, dataset), value: encodeRecord(credential === undefined ? {} : { credential }) },
    ]);
    return typed;
  }

  /**
   * What a resource stands for: the dataset of that name, or the newest credential of that type that is the owner's.
   *
   * @throws HansaError `exchange.no-data`
   */
  find(resource: Extract<GrantResource, { kind: "dataset" | "credential" }>, owner: Did): FoundDataset {
    const name = resource.kind === "dataset" ? resource.dataset : this.#credentialOf(owner, resource.type);
    const kept = name === undefined ? undefined : this.#kept(name);
    const content = kept === undefined ? undefined : this.#store.get(contentKey(kept.dataset));
    if (kept === undefined || content === undefined)
      throw exchangeError("exchange.no-data", "the provider keeps no such data");
    const { dataset, salt, statement } = kept;
    return { owner: kept.owner, dataset: { dataset, content: encodeBase64Url(content), salt, statement } };
  }

  #credentialOf(owner: Did, type: string): string | undefined {
    return this.ofOwner(owner)
      .filter(({ credential }) => credential === type)
      .sort((a, b) => b.created - a.created)[0]?.dataset;
  }

  /** Whose a dataset is; `undefined` where there is none of that name. */
  ownerOf(dataset: string): Did | undefined {
    return this.#kept(dataset)?.owner;
  }

  /** Whether a dataset is still the one that was found: neither erased since nor replaced. */
  isStill({ dataset, statement }: Pick<FoundDataset["dataset"], "dataset" | "statement">): boolean {
    return this.#kept(dataset)?.statement === statement;
  }

  ofOwner(owner: Did): DatasetFacts[] {
    const prefix = ownerPrefix(owner);
    return this.#store.list(prefix).flatMap(({ key }) => {
      const kept = this.#kept(decodeURIComponent(key.slice(prefix.length)));
      return kept === undefined ? [] : [factsOf(kept)];
    });
  }

  /** Datasets in the order of their names, behind `after`. */
  list({ after, limit }: { readonly after?: string | undefined; readonly limit: number }): DatasetFacts[] {
    const options = { limit, ...(after === undefined ? {} : { after: factsKey(after) }) };
    return this.#store.list("d/", options).map(({ value }) => factsOf(decodeRecord<KeptDataset>(value) as KeptDataset));
  }

  /** The changes that erase a dataset: content, salt, owner, name. */
  erasure(dataset: string): MapChange[] {
    const kept = this.#kept(dataset);
    if (kept === undefined) return [];
    return [factsKey(dataset), contentKey(dataset), ownerKey(kept.owner, dataset)].map((key) => ({ key, value: null }));
  }

  #kept(dataset: string): KeptDataset | undefined {
    return decodeRecord<KeptDataset>(this.#store.get(factsKey(dataset)));
  }
}

function factsOf({ salt: _salt, statement: _statement, ...facts }: KeptDataset): DatasetFacts {
  return facts;
}

/** base64url of a message as bytes within the limit; for what comes in from outside. @throws HansaError `exchange.malformed` */
export function decodeContent(text: string): Uint8Array {
  const content = decodeBase64Url(text);
  if (content === undefined)
    throw exchangeError("exchange.malformed", "the content is not base64url", {
      path: "/content",
      problem: "base64url",
    });
  return content;
}
