import { Agent, type IncomingMessage, request } from "node:http";
import { type HansaError, isHansaError } from "#base";
import { engineError } from "../errors.ts";

export interface RpcCall {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

export interface RpcOptions {
  /** Path of the Unix socket. */
  readonly socket: string;
  /** Milliseconds until a call is given up. */
  readonly timeout?: number;
  /** Bytes of the largest answer that is read. */
  readonly mostBytes?: number;
}

/** What `/status` says, as far as it is used. */
export interface RpcStatus {
  readonly node_info: { readonly id: string; readonly network: string; readonly moniker: string };
  readonly sync_info: { readonly latest_block_height: string; readonly catching_up: boolean };
  readonly validator_info: { readonly address: string; readonly voting_power: string };
}

export interface RpcNetInfo {
  readonly n_peers: string;
  readonly peers: readonly { readonly node_info: { readonly id: string; readonly moniker: string } }[];
}

/**
 * CometBFT's JSON-RPC over a Unix socket. Answers come from our own process, yet nothing of them is taken on trust but their shape at the
 * top: what matters is checked where it is used.
 */
export class CometRpc {
  readonly #options: Required<RpcOptions>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(options: RpcOptions) {
    this.#options = { timeout: 10_000, mostBytes: 32 << 20, ...options };
  }

  /**
   * Calls one method.
   *
   * @throws HansaError `engine.rpc-unreachable`, `engine.rpc-refused`
   * @example
   * ```ts
   * const genesis = await rpc.call("genesis");
   * ```
   */
  async call(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const [outcome] = await this.batch([{ method, params }]);
    if (isHansaError(outcome)) throw outcome;
    return outcome;
  }

  /**
   * Calls several methods in one message, carried out in order. Each has its own outcome: a result, or the error with which it was refused.
   *
   * @throws HansaError `engine.rpc-unreachable`, `engine.rpc-refused` where there is no answer to any
   */
  async batch(calls: readonly RpcCall[]): Promise<readonly unknown[]> {
    if (calls.length === 0) return [];
    const body = calls
      .map(({ method, params }, id) => JSON.stringify({ jsonrpc: "2.0", id, method, params: params ?? {} }))
      .join(",");
    return this.#outcomes(await this.#post(`[${body}]`), calls.length);
  }

  async status(): Promise<RpcStatus> {
    return (await this.call("status")) as RpcStatus;
  }

  /** For `fromRpcCommit`. */
  commit(height: number): Promise<unknown> {
    return this.call("commit", { height: String(height) });
  }

  /** For `fromRpcValidators`. @param page - from 1 on */
  validators(height: number, page = 1): Promise<unknown> {
    return this.call("validators", { height: String(height), page: String(page), per_page: "100" });
  }

  async netInfo(): Promise<RpcNetInfo> {
    return (await this.call("net_info")) as RpcNetInfo;
  }

  /** Bundles in the pool. */
  async pooled(): Promise<number> {
    const { total } = (await this.call("num_unconfirmed_txs")) as { readonly total: string };
    return Number(total);
  }

  /** @param peers - `id@host:port` each */
  async dialPeers(peers: readonly string[], persistent = true): Promise<void> {
    await this.call("dial_peers", { peers, persistent, unconditional: true, private: false });
  }

  /**
   * Hands bundles over without waiting for the application's answer.
   *
   * @returns for each, in order: undefined, or why it was not taken
   */
  async broadcast(bundles: readonly Uint8Array[]): Promise<readonly (HansaError | undefined)[]> {
    if (bundles.length === 0) return [];
    // Put together by hand: base64 needs no escaping, and these are the largest messages there are.
    const body = bundles.map((bundle, id) => {
      const tx = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.length).toString("base64");
      return `{"jsonrpc":"2.0","id":${id},"method":"broadcast_tx_async","params":{"tx":"${tx}"}}`;
    });
    const outcomes = this.#outcomes(await this.#post(`[${body.join(",")}]`), bundles.length);
    return outcomes.map((outcome) => (isHansaError(outcome) ? outcome : undefined));
  }

  /** Ends all connections; calls under way fail. */
  close(): void {
    this.#agent.destroy();
  }

  #outcomes(text: string, count: number): readonly unknown[] {
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch (error) {
      throw engineError("engine.rpc-refused", "CometBFT answered what is not JSON", {}, error);
    }
    // A batch of one is answered with one object.
    const answers = Array.isArray(answer) ? answer : [answer];
    const outcomes: unknown[] = Array.from({ length: count }, () => refused({ message: "no answer" }));
    for (const entry of answers) {
      const { id, result, error } = (entry ?? {}) as { id?: unknown; result?: unknown; error?: unknown };
      if (typeof id === "number" && id >= 0 && id < count)
        outcomes[id] = error === undefined || error === null ? result : refused(error);
      // What is wrong with the message as a whole has no number.
      else if (error !== undefined) throw refused(error);
    }
    return outcomes;
  }

  #post(body: string): Promise<string> {
    const { socket, timeout, mostBytes } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) =>
        reject(engineError("engine.rpc-unreachable", "CometBFT's RPC does not answer", {}, cause));
      const message = request(
        {
          socketPath: socket,
          method: "POST",
          path: "/",
          agent: this.#agent,
          headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
          signal: AbortSignal.timeout(timeout),
        },
        (response: IncomingMessage) => {
          const parts: Buffer[] = [];
          let length = 0;
          response.on("data", (part: Buffer) => {
            length += part.length;
            if (length > mostBytes) response.destroy(new Error(`an answer of more than ${mostBytes} bytes`));
            else parts.push(part);
          });
          response.on("error", fail);
          response.on("end", () => resolve(Buffer.concat(parts, length).toString()));
        },
      );
      message.on("error", fail);
      message.end(body);
    });
  }
}

function refused(error: unknown): HansaError {
  const { code, message, data } = (error ?? {}) as { code?: unknown; message?: unknown; data?: unknown };
  const reason = [message, data].filter((part) => typeof part === "string" && part !== "").join(": ");
  return engineError("engine.rpc-refused", `CometBFT refused: ${reason.slice(0, 500)}`, {
    code: typeof code === "number" ? code : null,
  });
}
