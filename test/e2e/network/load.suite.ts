/** Clients that send without a pause, and remember all that was acknowledged to them. */
import { encodeBase64Url } from "#base";
import { randomBytes } from "#crypto";
import { operation, signTransaction } from "#protocol";
import { type Client, type Party, submitTransaction } from "#sdk";
import { isExpired, isPassing } from "./patient.suite.ts";

/** A transaction that was acknowledged, and where its receipt says that it is. */
export interface Acknowledged {
  readonly issuer: string;
  readonly jti: string;
  readonly height: number;
  readonly index: number;
}

/** Something that goes on while members are hurt, and what came of it. */
export interface Work {
  readonly acknowledged: readonly Acknowledged[];
  /** Refusals that no fault of the network explains. */
  readonly surprises: readonly string[];
  /** Resolves once the last answer is there. */
  end(): Promise<void>;
}

export interface LoadOptions {
  readonly groupId: string;
  /** Each has a client of its own that signs with its own key at its own node. */
  readonly senders: readonly { readonly party: Party; readonly client: () => Client }[];
  /** Wait after a refusal, milliseconds. */
  readonly patience?: number;
}

/** Signed one-operation transactions to all nodes at once, from `begin` to `end`. */
export class Load implements Work {
  readonly acknowledged: Acknowledged[] = [];
  /** Sent and never answered: each may stand in the ledger once or not at all. */
  unanswered = 0;
  readonly surprises: string[] = [];
  readonly #options: LoadOptions;
  readonly #running: Promise<void>[] = [];
  #wanted = true;
  #sent = 0;

  private constructor(options: LoadOptions) {
    this.#options = options;
  }

  static begin(options: LoadOptions): Load {
    const load = new Load(options);
    load.#running.push(...options.senders.map((sender) => load.#send(sender)));
    return load;
  }

  async end(): Promise<void> {
    this.#wanted = false;
    await Promise.all(this.#running);
  }

  async #send({ party, client }: LoadOptions["senders"][number]): Promise<void> {
    const { groupId, patience = 100 } = this.#options;
    while (this.#wanted) {
      const n = this.#sent++;
      const service = { id: `s${n % 3}`, type: "Load", endpoint: `https://load.example/${n}` };
      const jti = encodeBase64Url(randomBytes(16));
      const exp = Math.floor(Date.now() / 1000) + 60;
      const ops = [operation("identity.setService", { did: party.did, service })];
      const text = signTransaction({ iss: party.did, aud: groupId, jti, exp, ops }, [party]);
      try {
        const { height, index } = await submitTransaction(client(), text);
        this.acknowledged.push({ issuer: party.did, jti, height, index });
      } catch (error) {
        this.unanswered++;
        if (!isPassing(error) && !isExpired(error)) this.surprises.push(String(error));
        await new Promise((resolve) => setTimeout(resolve, patience));
      }
    }
  }
}
