import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { isHansaError, type JsonLimits, parseJson } from "#base";
import { ALLIANCE_PATTERN, Closed, Label, List } from "#protocol";
import { nodeError } from "../errors.ts";
import { CredentialsConfig } from "./credentials-config.ts";

const Port = Type.Integer({ minimum: 0, maximum: 65_535 });
const Host = Type.String({ minLength: 1, maxLength: 255 });
const KeyName = Type.String({ pattern: "^[A-Za-z0-9._:#/-]{1,128}$" });

/** A node's configuration: `config.json` in its home. Unknown keys are refused. */
export const NodeConfig = Closed({
  version: Type.Literal(1),
  /** Key file entry of the member that runs the node; what is signed for the node itself is signed with it. */
  member: KeyName,
  /** Further members whose keys are in this key file and whose side of linkages this node plays. */
  hosted: Type.Optional(List(KeyName, 0, 16)),
  groups: List(
    Closed({
      name: Type.String({ pattern: ALLIANCE_PATTERN }),
      /** Key file entry that signs headers under solo, and votes under cometbft. */
      engineKey: KeyName,
      /** Groups under cometbft: where other members' nodes reach this one. */
      p2p: Type.Optional(Closed({ host: Host, port: Port })),
      /** Groups under cometbft: blocks from one snapshot for newcomers to the next; 0: none are made. */
      snapshotBlocks: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000 })),
      /** Groups under cometbft: newest engine blocks that are kept for peers that catch up; 0 or left out: all. */
      keepBlocks: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
    }),
    // None: a home whose member has left its last group. No node starts on it, and its settings stay.
    0,
    16,
  ),
  http: Closed({
    host: Host,
    port: Port,
    /** Web origins whose pages may call this API; none where left out. */
    origins: Type.Optional(List(Type.String({ pattern: "^https?://[^/\\s]+$", maxLength: 255 }), 0, 64)),
  }),
  mqtt: Closed({ host: Host, port: Port }),
  /**
   * TLS of the HTTP and MQTT listeners: `off` (also where left out), `server` (clients check the node), `mutual` (every client needs a
   * certificate of the member's authority, too). `hansa cert init` makes what it needs.
   */
  tls: Type.Optional(
    Closed({ mode: Type.Union([Type.Literal("off"), Type.Literal("server"), Type.Literal("mutual")]) }),
  ),
  limits: Closed({
    /** Requests a minute from one address. */
    requestsPerMinute: Type.Integer({ minimum: 60, maximum: 100_000_000 }),
    /** Bytes of one event's payload. */
    eventBytes: Type.Integer({ minimum: 1024, maximum: 65_535 }),
    /** MQTT connections at once. */
    connections: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    /** Transactions that wait for a block. */
    waiting: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  }),
  /** Threads that check signatures; 0: the main thread does. */
  signatureThreads: Type.Integer({ minimum: 0, maximum: 64 }),
  log: Closed({
    level: Type.Union(["trace", "debug", "info", "warn", "error", "silent"].map((level) => Type.Literal(level))),
  }),
  /** What the DID resolver may do beyond reading this node's ledgers. */
  identity: Type.Optional(
    Closed({
      /** Whether did:web is resolved: whoever asks then makes this node call a host on the internet. */
      didWeb: Type.Optional(Type.Boolean()),
      /** Hosts of did:web that may lie in a private network or on this machine. */
      privateHosts: Type.Optional(List(Type.String({ pattern: "^[A-Za-z0-9.-]+$", maxLength: 253 }), 0, 64)),
      /** The VC API: what the node issues, holds and verifies. Off where left out. */
      credentials: Type.Optional(CredentialsConfig),
    }),
  ),
  label: Type.Optional(Label),
});

export type NodeConfig = Static<typeof NodeConfig>;

export const DEFAULT_CONFIG = {
  version: 1,
  http: { host: "127.0.0.1", port: 7420 },
  mqtt: { host: "127.0.0.1", port: 7421 },
  limits: { requestsPerMinute: 1_200_000, eventBytes: 49_152, connections: 10_000, waiting: 20_000 },
  signatureThreads: 1,
  log: { level: "info" },
} as const;

/** Environment variables and where they go. Numbers are parsed, everything is validated with the file. */
export const ENVIRONMENT: Readonly<Record<string, readonly string[]>> = {
  HANSA_HTTP_HOST: ["http", "host"],
  HANSA_HTTP_PORT: ["http", "port"],
  HANSA_MQTT_HOST: ["mqtt", "host"],
  HANSA_MQTT_PORT: ["mqtt", "port"],
  HANSA_LOG_LEVEL: ["log", "level"],
  HANSA_SIGNATURE_THREADS: ["signatureThreads"],
};

const LIMITS: JsonLimits = { depth: 10, integers: true };

/**
 * Reads a configuration: the file's text, overlaid by the environment.
 *
 * @throws HansaError `node.config` with the path of what is wrong
 */
export function parseConfig(text: string, environment: Readonly<Record<string, string | undefined>> = {}): NodeConfig {
  let value: unknown;
  try {
    value = parseJson(text, LIMITS);
  } catch (error) {
    throw nodeError(
      "node.config",
      `config.json: ${isHansaError(error) ? error.message : "not JSON"}`,
      { path: "" },
      error,
    );
  }
  const merged = structuredClone(value) as Record<string, unknown>;
  for (const [name, path] of Object.entries(ENVIRONMENT)) {
    const given = environment[name];
    if (given === undefined || given === "") continue;
    const parsed = /^[0-9]+$/.test(given) ? Number(given) : given;
    let place = merged;
    for (const step of path.slice(0, -1)) {
      place[step] = typeof place[step] === "object" && place[step] !== null ? place[step] : {};
      place = place[step] as Record<string, unknown>;
    }
    place[path.at(-1) as string] = parsed;
  }
  if (!Value.Check(NodeConfig, merged)) {
    const first = Value.Errors(NodeConfig, merged).First();
    throw nodeError("node.config", `config: ${first?.path || "/"} ${first?.message ?? "does not fit"}`, {
      path: first?.path ?? "/",
      problem: first?.message ?? "",
    });
  }
  return merged as NodeConfig;
}
