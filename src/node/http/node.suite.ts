/** A member's node in this process, on real sockets, and parties that talk to it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "#base";
import { createSigner } from "#crypto";
import { createKeyFile, openKeyFile } from "#crypto/node";
import { homeAt, initHome, type NodeConfig, type RunningNode, startNode } from "#node";
import type { MemberChange, Operation, Parameters } from "#protocol";
import {
  type Client,
  type ClientOptions,
  createClient,
  createParty,
  operation,
  type Party,
  sendOperations,
} from "#sdk";

const PASSPHRASE = "a passphrase of several words";
/** The least that the key file allows. */
const COST = { passes: 2, memory: 19 * 2 ** 20 };
const HALF = { numerator: 1, denominator: 2 };

export interface NodeOptions {
  readonly parameters?: Partial<Parameters>;
  readonly config?: Partial<Pick<NodeConfig, "http" | "mqtt">>;
  readonly clock?: Clock;
  /** Done with the home before the node starts. */
  readonly prepare?: (folder: string, member: Party) => Promise<void> | void;
  /** Further keys of `config.json`. */
  readonly more?: Partial<NodeConfig>;
}

/** Node of `acme`; `borea` is the other member, and one of the two is enough for every vote. */
export async function startTestNode(options: NodeOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "hansa-node-"));
  const { keyFile, configFile } = homeAt(folder);
  (await createKeyFile(keyFile, PASSPHRASE, { cost: COST })).close();
  const { groupId } = await initHome({
    folder,
    passphrase: PASSPHRASE,
    alliance: "hanse",
    group: "main",
    members: [
      { name: "acme", roles: ["platform"] },
      { name: "borea", roles: ["platform", "maker"] },
    ],
    now: Date.now() - 1000,
    parameters: {
      quorums: { admit: HALF, roles: HALF, suspend: HALF, reinstate: HALF, remove: HALF, parameters: HALF },
      ...options.parameters,
    },
    config: {
      http: { host: "127.0.0.1", port: 0 },
      mqtt: { host: "127.0.0.1", port: 0 },
      signatureThreads: 0,
      log: { level: "silent" },
      ...options.config,
    },
  });
  const keys = await openKeyFile(keyFile, PASSPHRASE);
  const acme = createParty("hanse", keys.signer("acme"));
  const borea = createParty("hanse", keys.signer("borea"));
  if (options.more !== undefined) {
    const config = JSON.parse(readFileSync(configFile, "utf8")) as object;
    writeFileSync(configFile, JSON.stringify({ ...config, ...options.more }));
  }
  await options.prepare?.(folder, acme);
  const node: RunningNode = await startNode({
    home: folder,
    passphrase: PASSPHRASE,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });

  const as = (signer: Party | undefined, more: Partial<ClientOptions> = {}): Client =>
    createClient({ url: node.url, group: groupId, signer, retry: { attempts: 1, delay: 1 }, ...more });
  return {
    node,
    folder,
    groupId,
    passphrase: PASSPHRASE,
    acme,
    borea,
    as,
    /** A stranger's party; nobody has heard of it. */
    stranger: () => createParty("hanse", createSigner("P-256")),
    send: (operations: readonly Operation[], signers: readonly Party[] = [acme], more: Partial<ClientOptions> = {}) =>
      sendOperations(as(signers[0], more), operations, { signers }),
    /** Carries a change by acme's vote alone. */
    vote: (change: MemberChange, more: Partial<ClientOptions> = {}) =>
      sendOperations(as(acme, more), [operation("members.propose", { change })]),
    async close(): Promise<void> {
      await node.close();
      keys.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type TestNode = Awaited<ReturnType<typeof startTestNode>>;
