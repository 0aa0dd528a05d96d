import type { KeyValueStore } from "#storage";
import { decodePacket, encodePacket, type KeptPacket } from "./packet-record.ts";
import { clientKey } from "./session.ts";

/** A will that a crash left behind. */
export interface OrphanWill {
  readonly clientId: string;
  readonly packet: KeptPacket;
  readonly owner: unknown;
}

export type Will = KeptPacket & { clientId?: string };

/** Wills of open connections, and those of connections that were open when the last run ended. Keys: `w/<client>`. */
export class KeptWills {
  readonly #store: KeyValueStore;
  readonly #wills = new Map<string, Will>();
  readonly #orphans: OrphanWill[] = [];

  constructor(store: KeyValueStore) {
    this.#store = store;
    for (const { value } of store.list("w/")) {
      const { packet, about } = decodePacket(value);
      this.#orphans.push({ clientId: String(about["client"]), packet, owner: about["owner"] });
    }
  }

  get(client: string): Will | undefined {
    return this.#wills.get(client);
  }

  all(): Will[] {
    return [...this.#wills.values()];
  }

  /**
   * @param owner - kept with it, to check its rights after a restart
   * @returns what writes it, in a transaction
   */
  set(client: string, will: Will, owner: unknown): () => void {
    this.#wills.set(client, will);
    return () =>
      this.#store.put(`w/${clientKey(client)}`, encodePacket({ ...will, cmd: "publish" }, { client, owner }));
  }

  /** @returns what removes it in a transaction, unless the client has another by then; `undefined` where there is none */
  delete(client: string): (() => void) | undefined {
    if (!this.#wills.delete(client)) return undefined;
    return () => {
      if (!this.#wills.has(client)) this.#store.delete(`w/${clientKey(client)}`);
    };
  }

  /** Each is handed out once. */
  takeOrphans(): OrphanWill[] {
    return this.#orphans.splice(0);
  }

  /** Removes an orphan, in the running transaction. */
  drop(will: OrphanWill): void {
    this.#store.delete(`w/${clientKey(will.clientId)}`);
  }
}
