import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { isHansaError } from "#base";
import { createSigner } from "#crypto";
import { chainIdOf, cometAddress } from "#protocol";
import { engineError } from "../../errors.ts";
import { anyPort, isFree } from "../../free-ports.ts";
import type { EngineProcess } from "../engine-process.ts";
import { cometGenesis, writeConfigFiles } from "./config-files.ts";
import { LogReader } from "./log-reader.ts";
import { makeNodeKeyFile, NODE_KEY_FILE, type NodeKeyFile } from "./node-key.ts";
import { endOrphan, markProcess, unmarkProcess } from "./orphan.ts";
import { endsConsensus } from "./problems.ts";
import type { CometProcessExit, CometProcessOptions, CometProcessStatus, ProcessProblem } from "./process-options.ts";
import { chooseRunFolder, type RunFolder } from "./run-folder.ts";
import { VoteSigner } from "./vote-signer/vote-signer.ts";

/** Least and most wait before a process that ended is started anew, milliseconds. */
const LEAST_PAUSE = 1000;
const MOST_PAUSE = 10_000;
/** A process that ran this long was well: its end does not count with earlier ones. */
const WELL_AFTER = 30_000;
/** How long it gets to end by itself. */
const PATIENCE = 10_000;

/**
 * CometBFT as a child process of the node: prepared, started, watched, started anew when it ends, stopped. It never gives up.
 *
 * The application's socket has its place before the start, so that the application listens before CometBFT dials it.
 *
 * @example
 * ```ts
 * const comet = new CometProcess({ binary: (await findCometbft(process.env)).path, folder, … });
 * await application.listen(comet.applicationSocket);
 * await comet.start();
 * …
 * await comet.stop();
 * ```
 */
export class CometProcess implements EngineProcess {
  readonly chainId: string;
  /** Id of this node among its peers. */
  readonly nodeId: string;
  readonly #options: CometProcessOptions;
  readonly #run: RunFolder;
  readonly #signer: VoteSigner;
  readonly #genesis: object;
  readonly #exits = new Set<(exit: CometProcessExit) => void>();
  #port: number;
  #wanted = false;
  #ending = false;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #starting: Promise<void> = Promise.resolve();
  #cancelRestart: (() => void) | undefined;
  #since: number | undefined;
  #starts = 0;
  #earlyEnds = 0;
  #problem: ProcessProblem | undefined;

  /** @throws HansaError `engine.wrong-key`, `engine.process-failed` */
  constructor(options: CometProcessOptions) {
    this.#options = options;
    this.chainId = chainIdOf(options.groupId);
    this.nodeId = cometAddress({
      algorithm: "Ed25519",
      bytes: createSigner("Ed25519", options.nodeSeed).publicKey,
    });
    this.#genesis = cometGenesis(options.genesis, options.groupId);
    this.#port = options.p2pPort ?? 0;
    this.#run = chooseRunFolder();
    this.#signer = new VoteSigner({
      path: this.#run.signer,
      chainId: this.chainId,
      signer: options.signer,
      store: options.voteState,
      lost: options.lost === true,
      log: options.log,
      clock: options.clock,
    });
  }

  /** Where the application listens for CometBFT (ABCI). Who asks is about to listen: the folder is there from then on. */
  get applicationSocket(): string {
    this.#run.make();
    return this.#run.application;
  }

  /** Where CometBFT answers JSON-RPC over HTTP, unsafe methods included. */
  get rpcSocket(): string {
    return this.#run.rpc;
  }

  /** Loopback port at which CometBFT takes its peers; 0 before the first start where none was given. It may change at a restart. */
  get p2pPort(): number {
    return this.#port;
  }

  /**
   * Ends what an earlier run left behind, writes the configuration and starts the process. Resolves once it runs, which is before it
   * answers. From then on it is started anew whenever it ends.
   *
   * @throws HansaError `engine.process-failed`
   */
  async start(): Promise<void> {
    if (this.#wanted) return;
    this.#wanted = true;
    try {
      const { folder, clock, log } = this.#options;
      const orphan = await endOrphan(folder, clock, PATIENCE);
      if (orphan !== undefined) log.warn({ pid: orphan }, "ended a cometbft that an earlier run had left behind");
      this.#signer.start();
      await this.#launch();
    } catch (error) {
      this.#wanted = false;
      this.#signer.stop();
      throw error;
    }
  }

  /** Asks the process to end, kills it when its time is over, and takes the sockets away. The end of this object. */
  async stop(): Promise<void> {
    this.#wanted = false;
    this.#cancelRestart?.();
    this.#cancelRestart = undefined;
    await this.#end();
    this.#signer.stop();
    this.#run.remove();
  }

  /** Ends the process and starts it at once with fresh configuration, for instance with other peers. */
  async restart(): Promise<void> {
    if (!this.#wanted) return;
    this.#cancelRestart?.();
    this.#cancelRestart = undefined;
    await this.#end();
    if (this.#wanted) await this.#launch();
  }

  /** Hears of every end that nobody asked for. The answer ends it. */
  onExit(listener: (exit: CometProcessExit) => void): () => void {
    this.#exits.add(listener);
    return () => this.#exits.delete(listener);
  }

  status(): CometProcessStatus {
    return {
      running: this.#child !== undefined,
      pid: this.#child?.pid,
      since: this.#since,
      restarts: this.restarts,
      problem: this.#problem,
    };
  }

  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  /** One start at a time; `stop` waits for the one under way. */
  #launch(): Promise<void> {
    this.#starting = this.#spawn();
    return this.#starting;
  }

  /** From those that the system gives out, and not by `findFreePorts`: where it looks are ports of nodes that may be down just now. */
  async #choosePort(): Promise<number> {
    const { p2pPort = 0 } = this.#options;
    const port = p2pPort === 0 ? await anyPort() : (await isFree(p2pPort)) ? p2pPort : undefined;
    if (port === undefined)
      throw engineError(
        "engine.process-failed",
        p2pPort === 0 ? "no port is free for the engine" : `the port ${p2pPort} is not free`,
        { port: p2pPort },
      );
    return port;
  }

  async #spawn(): Promise<void> {
    const { folder, binary, nodeSeed, log, clock, builtIn, moniker, peers, stateSync, timing } = this.#options;
    const run = this.#run;
    if (this.#port === 0 || !(await isFree(this.#port))) this.#port = await this.#choosePort();
    if (!this.#wanted) return;
    let key: NodeKeyFile | undefined;
    try {
      run.make();
      // A killed process leaves its sockets behind, and would not listen where something lies.
      rmSync(run.rpc, { force: true });
      rmSync(run.signer, { force: true });
      const application = builtIn ?? run.application;
      writeConfigFiles(
        folder,
        {
          moniker,
          application,
          signerSocket: run.signer,
          rpcSocket: run.rpc,
          p2pPort: this.#port,
          peers: peers(),
          nodeKeyFile: NODE_KEY_FILE,
          unusedKeyFile: join(run.path, "unused-key.json"),
          unusedStateFile: join(run.path, "unused-state.json"),
          stateSync,
          timing,
        },
        this.#genesis,
      );
      key = makeNodeKeyFile(run.path, nodeSeed);
      const child = spawn(binary, ["start", "--home", folder], {
        cwd: folder,
        // Variables of ours could overrule the configuration (`CMT_…`), or hold secrets.
        env: { HOME: folder },
        stdio: ["ignore", "pipe", "pipe", key.fd],
        // A group of its own: Ctrl-C at the terminal reaches our process, which then ends this one in good order.
        detached: true,
      });
      const onProblem = (found: ProcessProblem) => {
        this.#note(found);
        if (endsConsensus(found.line)) this.#giveUp(child);
      };
      this.#watch(child, new LogReader({ log, clock, secrets: key.secrets, onProblem }));
      const spawned = once(child, "spawn");
      // At once: killed before this, we would leave a process behind that no later start knows of.
      if (child.pid !== undefined) await markProcess(folder, child.pid, run.path);
      await spawned;
    } catch (error) {
      throw isHansaError(error)
        ? error
        : engineError(
            "engine.process-failed",
            `${binary} did not start: ${(error as Error).message}`,
            { binary },
            error,
          );
    } finally {
      key?.close();
    }
  }

  #watch(child: ChildProcess, reader: LogReader): void {
    this.#problem = undefined;
    if (child.stdout !== null) reader.read(child.stdout);
    if (child.stderr !== null) reader.read(child.stderr);
    this.#ended = new Promise((resolve) => {
      child.once("error", () => {
        if (child.pid === undefined) resolve();
      });
      child.once("spawn", () => {
        this.#child = child;
        this.#since = this.#options.clock.now();
        this.#starts++;
      });
      // "close" comes after "exit", once its last lines are read.
      child.once("close", (code, signal) => {
        if (this.#child === child) {
          this.#child = undefined;
          unmarkProcess(this.#options.folder);
          if (this.#wanted && !this.#ending) this.#lost(code, signal, reader.lines);
        }
        resolve();
      });
    });
  }

  #note(problem: ProcessProblem): void {
    if (this.#problem?.kind !== problem.kind)
      this.#options.log.error({ ...problem }, `the engine's process is in trouble: ${problem.meaning}`);
    this.#problem = problem;
  }

  /** Ends a process that is of no use any more, as if it had ended by itself: it is started anew, and what it could not do it tries again. */
  #giveUp(child: ChildProcess): void {
    if (child !== this.#child || !child.kill("SIGTERM")) return;
    const cancel = this.#options.clock.after(PATIENCE, () => void child.kill("SIGKILL"));
    child.once("close", cancel);
  }

  /** The process ended though nobody asked it to. */
  #lost(code: number | null, signal: string | null, lines: readonly string[]): void {
    const { clock, log } = this.#options;
    this.#earlyEnds = clock.now() - (this.#since ?? 0) < WELL_AFTER ? this.#earlyEnds + 1 : 0;
    const restartIn = pauseAfter(this.#earlyEnds);
    log.error(
      { code, signal, problem: this.#problem?.kind, restartIn, lines: lines.slice(-5) },
      "the engine's process ended by itself; it is started anew",
    );
    for (const listener of this.#exits)
      try {
        listener({ code, signal, problem: this.#problem, lines, restartIn });
      } catch (error) {
        log.error({ err: error }, "a listener for the engine's process failed");
      }
    this.#restartIn(restartIn);
  }

  #restartIn(pause: number): void {
    this.#cancelRestart = this.#options.clock.after(pause, () => {
      this.#cancelRestart = undefined;
      if (!this.#wanted) return;
      this.#launch().catch((error) => {
        this.#options.log.error({ err: error }, "the engine's process could not be started; it is tried again");
        this.#earlyEnds++;
        if (this.#wanted) this.#restartIn(pauseAfter(this.#earlyEnds));
      });
    });
  }

  /** Ends the process that runs, if one does. */
  async #end(): Promise<void> {
    await this.#starting.catch(() => {});
    const child = this.#child;
    if (child === undefined) return;
    this.#ending = true;
    const cancel = this.#options.clock.after(PATIENCE, () => void child.kill("SIGKILL"));
    child.kill("SIGTERM");
    await this.#ended;
    cancel();
    this.#ending = false;
  }
}

/** 1 s, 2 s, 4 s, 8 s, 10 s, … */
function pauseAfter(earlyEnds: number): number {
  return Math.min(MOST_PAUSE, LEAST_PAUSE * 2 ** Math.max(0, Math.min(earlyEnds, 10) - 1));
}
