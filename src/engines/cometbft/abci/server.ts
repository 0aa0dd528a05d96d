import { rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { BinaryReader } from "cosmjs-types/binary";
import { Request, Response, ResponseVerifyVoteExtension_VerifyStatus } from "cosmjs-types/tendermint/abci/types";
import { type AbciApplication, VoidError } from "./application.ts";
import { FrameError, FrameReader, frameLength } from "./frames.ts";

export interface AbciServerOptions {
  readonly application: AbciApplication;
  /** Path of the Unix socket; whatever a crash left there is removed. */
  readonly socket: string;
  /** Bytes of the largest message. */
  readonly mostBytes?: number;
  /** Answers that one connection may be owed before it is read no further. */
  readonly mostOwed?: number;
  /** Hears of a fault of ours, after which CometBFT is told and the connection ends. */
  readonly onFault: (error: unknown) => void;
  /** Hears of a connection that sent what is no ABCI. */
  readonly onMalformed?: (error: unknown) => void;
}

/** Serves ABCI 2.0 on a Unix socket. CometBFT opens four connections; each gets its answers in the order of its requests. */
export class AbciServer {
  readonly #options: Required<Omit<AbciServerOptions, "onMalformed">> & Pick<AbciServerOptions, "onMalformed">;
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;

  constructor(options: AbciServerOptions) {
    this.#options = { mostBytes: 64 << 20, mostOwed: 512, ...options };
  }

  /** Listens. Only this user can connect, as far as the folder's rights say so. */
  async listen(): Promise<void> {
    const { socket } = this.#options;
    await rm(socket, { force: true });
    const server = createServer((connection) => {
      const opened: Connection = new Connection(connection, this.#options, () => this.#connections.delete(opened));
      this.#connections.add(opened);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ path: socket, readableAll: false, writableAll: false }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    this.#server = server;
  }

  /** Ends all connections; answers that are under way reach nobody. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const connection of this.#connections) connection.destroy();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** An answer that is owed: encoded once it is there. */
interface Owed {
  bytes: Uint8Array | undefined;
}

class Connection {
  readonly #socket: Socket;
  readonly #options: Required<Pick<AbciServerOptions, "application" | "mostBytes" | "mostOwed" | "onFault">> &
    Pick<AbciServerOptions, "onMalformed">;
  readonly #reader: FrameReader;
  /** In order of the requests. `#first` is the oldest that was not written. */
  #owed: Owed[] = [];
  #first = 0;
  #scheduled = false;
  #failed = false;

  constructor(
    socket: Socket,
    options: Required<Pick<AbciServerOptions, "application" | "mostBytes" | "mostOwed" | "onFault">> &
      Pick<AbciServerOptions, "onMalformed">,
    closed: () => void,
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new FrameReader(options.mostBytes);
    socket.on("data", (part: Buffer) => this.#take(part));
    socket.on("drain", () => this.#readOn());
    // The other side may vanish at any moment: CometBFT starts anew and connects again.
    socket.on("error", () => socket.destroy());
    socket.on("close", closed);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(part: Buffer): void {
    if (this.#failed) return;
    try {
      this.#reader.push(part, (bytes) => this.#accept(decodeRequest(bytes)));
    } catch (error) {
      this.#failed = true;
      this.#socket.destroy();
      this.#options.onMalformed?.(error);
      return;
    }
    if (this.#owed.length - this.#first > this.#options.mostOwed) this.#socket.pause();
  }

  #accept(request: Request): void {
    const owed: Owed = { bytes: undefined };
    this.#owed.push(owed);
    // Began in order of arrival, answered in order of arrival, whatever ends first.
    void this.#answer(request).then((bytes) => {
      owed.bytes = bytes;
      if (owed === this.#owed[this.#first]) this.#schedule();
    });
  }

  async #answer(request: Request): Promise<Uint8Array> {
    try {
      return Response.encode(await dispatch(this.#options.application, request)).finish();
    } catch (error) {
      if (!(error instanceof VoidError)) this.#options.onFault(error);
      const message = error instanceof Error ? error.message : String(error);
      return Response.encode(Response.fromPartial({ exception: { error: message } })).finish();
    }
  }

  /** What becomes ready within one turn is written at once. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#write();
    });
  }

  #write(): void {
    if (this.#socket.destroyed) {
      this.#owed = [];
      this.#first = 0;
      return;
    }
    this.#socket.cork();
    for (;;) {
      const bytes = this.#owed[this.#first]?.bytes;
      if (bytes === undefined) break;
      this.#owed[this.#first++] = DONE;
      this.#socket.write(frameLength(bytes.length));
      this.#socket.write(bytes);
    }
    this.#socket.uncork();
    if (this.#first === this.#owed.length || this.#first > 1024) {
      this.#owed = this.#owed.slice(this.#first);
      this.#first = 0;
    }
    this.#readOn();
  }

  #readOn(): void {
    if (!this.#socket.isPaused() || this.#socket.writableNeedDrain) return;
    if (this.#owed.length - this.#first <= this.#options.mostOwed / 2) this.#socket.resume();
  }
}

const DONE: Owed = { bytes: undefined };

/**
 * Decodes a request of its own memory, without copying it.
 *
 * @throws whatever the decoder throws, and FrameError where it asks for nothing or for several things
 */
export function decodeRequest(bytes: Uint8Array): Request {
  const reader = new BinaryReader();
  reader.buf = bytes;
  reader.len = bytes.length;
  const request = Request.decode(reader, bytes.length);
  let asked = 0;
  for (const value of Object.values(request)) if (value !== undefined) asked++;
  if (asked !== 1) throw new FrameError(`a request that asks for ${asked} things`);
  return request;
}

/** Answers one request, of whatever kind. */
async function dispatch(application: AbciApplication, request: Request): Promise<Response> {
  const { snapshots } = application;
  // By how often they come.
  if (request.checkTx !== undefined) return { checkTx: await application.checkTx(request.checkTx) };
  if (request.flush !== undefined) return { flush: {} };
  if (request.prepareProposal !== undefined)
    return { prepareProposal: await application.prepareProposal(request.prepareProposal) };
  if (request.processProposal !== undefined)
    return { processProposal: await application.processProposal(request.processProposal) };
  if (request.finalizeBlock !== undefined)
    return { finalizeBlock: await application.finalizeBlock(request.finalizeBlock) };
  if (request.commit !== undefined) return { commit: await application.commit() };
  if (request.query !== undefined) return { query: await application.query(request.query) };
  if (request.info !== undefined) return { info: await application.info(request.info) };
  if (request.initChain !== undefined) return { initChain: await application.initChain(request.initChain) };
  if (request.echo !== undefined) return { echo: { message: request.echo.message } };
  if (request.listSnapshots !== undefined) return { listSnapshots: await snapshots.list() };
  if (request.offerSnapshot !== undefined) return { offerSnapshot: await snapshots.offer(request.offerSnapshot) };
  if (request.loadSnapshotChunk !== undefined)
    return { loadSnapshotChunk: await snapshots.load(request.loadSnapshotChunk) };
  if (request.applySnapshotChunk !== undefined)
    return { applySnapshotChunk: await snapshots.apply(request.applySnapshotChunk) };
  // Vote extensions are never switched on; an empty one says nothing and holds.
  if (request.extendVote !== undefined) return { extendVote: { voteExtension: new Uint8Array() } };
  const { ACCEPT, REJECT } = ResponseVerifyVoteExtension_VerifyStatus;
  const empty = request.verifyVoteExtension?.voteExtension.length === 0;
  return { verifyVoteExtension: { status: empty ? ACCEPT : REJECT } };
}
