import { randomUUID } from "node:crypto";
import { decodeUtf8, encodeBase64Url, encodeUtf8, type JsonObject } from "#base";
import { sha256 } from "#crypto";
import { VC_API_LIMITS } from "#protocol";
import type { KeyValueStore } from "#storage";
import { vcApiError } from "./errors.ts";

/** A credential that the node keeps for its holder. */
export interface KeptCredential {
  /** The credential's own id, or one made here. */
  readonly id: string;
  readonly verifiableCredential: JsonObject;
}

/** What the node's holder has at the node: durable, encrypted with the rest of the database, and gone for good once erased. */
export class KeptCredentials {
  readonly #store: KeyValueStore;
  readonly #most: number;

  constructor(store: KeyValueStore, most: number = VC_API_LIMITS.kept) {
    this.#store = store;
    this.#most = most;
  }

  /** Keeps a credential; one with the same id is replaced. @throws HansaError `vc-api.limit` */
  save(credential: JsonObject): KeptCredential {
    const { id } = credential;
    const kept = {
      id: typeof id === "string" && !id.startsWith("data:") ? id : `urn:uuid:${randomUUID()}`,
      verifiableCredential: credential,
    };
    const key = keyOf(kept.id);
    return this.#store.transaction(() => {
      if (this.#store.get(key) === undefined && this.#store.count("") >= this.#most)
        throw vcApiError("vc-api.limit", `the node keeps at most ${this.#most} credentials`, { limit: this.#most });
      this.#store.put(key, encodeUtf8(JSON.stringify(kept)));
      return kept;
    });
  }

  /**
   * A page, in an order that stays.
   *
   * @param after - `next` of the page before
   */
  list(limit: number, after?: string): { readonly items: KeptCredential[]; readonly next?: string } {
    const rows = this.#store.list("", { limit: limit + 1, ...(after === undefined ? {} : { after }) });
    const items = rows.slice(0, limit).map(({ value }) => parse(value));
    const last = rows[limit - 1];
    return rows.length > limit && last !== undefined ? { items, next: last.key } : { items };
  }

  /** @throws HansaError `vc-api.not-found` */
  find(id: string): KeptCredential {
    const value = this.#store.get(keyOf(id));
    if (value === undefined) throw unknown();
    return parse(value);
  }

  /** @throws HansaError `vc-api.not-found` */
  drop(id: string): void {
    this.#store.transaction(() => {
      if (this.#store.get(keyOf(id)) === undefined) throw unknown();
      this.#store.delete(keyOf(id));
    });
  }
}

function keyOf(id: string): string {
  return encodeBase64Url(sha256(encodeUtf8(id)));
}

function parse(bytes: Uint8Array): KeptCredential {
  return JSON.parse(decodeUtf8(bytes) as string) as KeptCredential;
}

function unknown() {
  return vcApiError("vc-api.not-found", "the node keeps no such credential for its holder", {});
}
