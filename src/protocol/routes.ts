/** The HTTP API, each route once: server, OpenAPI and sdk derive from this table. */
import { type TSchema, Type } from "@sinclair/typebox";
import { DID_URL_LIMIT, RESOLUTION_TYPES } from "./did-resolution.ts";
import { DatasetName } from "./grant-terms.ts";
import type { OPENID_SCHEMAS } from "./openid.ts";
import { OPENID_ROUTES } from "./openid-routes.ts";
import { Closed, Did, TopicName } from "./operations/fields.ts";
import { GrantId } from "./operations/grants.ts";
import type { VC_API_SCHEMAS } from "./vc-api.ts";
import { VC_API_ROUTES } from "./vc-api-routes.ts";

export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** With `:parameters`. */
  readonly path: string;
  readonly summary: string;
  /**
   * Who may call: anybody who reaches the port; whoever may read the group, which is anybody unless its parameters keep reading to its
   * parties; a DID with a connection token; the member that runs the node; that member, but for a node without TLS that listens on
   * loopback alone, where it is anybody; or that member, unless `identity.credentials` of the configuration opens it to anybody.
   */
  readonly access: "open" | "reader" | "token" | "member" | "admin" | "credentials";
  readonly query?: TSchema;
  /** Media types of the body. */
  readonly body?: readonly string[];
  /** What a JSON body holds, and an example of it. */
  readonly content?: {
    readonly schema: keyof typeof VC_API_SCHEMAS | keyof typeof OPENID_SCHEMAS;
    readonly example: unknown;
  };
  /** `status`: 200 where left out. */
  readonly answer: {
    readonly type: string;
    readonly status?: 201 | 202;
    readonly schema?: TSchema;
    readonly example?: unknown;
  };
}

const Group = "/groups/:group";
/** Of proof files under engines with a quorum. */
const ValidatorsFrom = Type.Optional(
  Type.Integer({
    minimum: 1,
    description: "height of the engine whose validators are trusted: earlier changes are left out of the proof",
  }),
);
const ResolutionOption = (description: string) => Type.Optional(Type.String({ maxLength: DID_URL_LIMIT, description }));
const TopicQuery = { topic: TopicName };

/** Limits of a batch of transactions. */
export const BATCH_LIMITS = { transactions: 500, bytes: 4 * 1024 * 1024 } as const;

export const ROUTES = {
  health: {
    method: "GET",
    path: "/health",
    access: "open",
    summary: "Whether the node serves: 200, else 503 with what is wrong.",
    answer: { type: "application/json", example: { status: "ok" } },
  },
  metrics: {
    method: "GET",
    path: "/metrics",
    access: "admin",
    summary: "Prometheus metrics.",
    answer: { type: "text/plain" },
  },
  openapi: {
    method: "GET",
    path: "/openapi.json",
    access: "open",
    summary: "This API as OpenAPI 3.1.",
    answer: { type: "application/json" },
  },
  status: {
    method: "GET",
    path: "/status",
    access: "open",
    summary:
      "The node, its member and its groups; of a group that keeps reading to its parties strangers see id and name.",
    answer: {
      type: "application/json",
      example: {
        version: "0.1.0",
        member: "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3",
        groups: [{ id: "hanse:main:2xG…", name: "main", engine: "solo", height: 12, root: "q83v…" }],
      },
    },
  },
  resolve: {
    method: "GET",
    path: "/1.0/identifiers/:did",
    access: "open",
    summary:
      "Resolves a DID, or dereferences a DID URL, percent-encoded (W3C DID Resolution): `did:hansa` from the groups that the caller may read, `did:key`, and `did:web` where the node's configuration allows it. `Accept` chooses between the whole result and the bare document.",
    // Open: what is no option of ours is told in the resolver's own words.
    query: Type.Object({
      versionId: ResolutionOption("did:hansa: number of the version"),
      versionTime: ResolutionOption("did:hansa: the version of this moment, `2026-01-31T12:00:00Z`"),
      service: ResolutionOption("id of a service: the document with it alone, or with `text/uri-list` its address"),
      serviceType: ResolutionOption("type of services"),
      relativeRef: ResolutionOption("relative to the service's endpoint"),
      group: ResolutionOption("did:hansa: id or name of the group; the first that knows the DID, where left out"),
      publicKeyFormat: ResolutionOption("did:key: Multikey, JsonWebKey, JsonWebKey2020 or Ed25519VerificationKey2020"),
    }),
    answer: {
      type: RESOLUTION_TYPES.result,
      schema: Type.Object({
        didDocument: Type.Union([Type.Object({}), Type.Null()]),
        didResolutionMetadata: Type.Object({}),
        didDocumentMetadata: Type.Object({}),
      }),
      example: {
        didDocument: { id: "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3" },
        didResolutionMetadata: { contentType: "application/did" },
        didDocumentMetadata: {
          created: "2026-01-31T12:00:00Z",
          versionId: "1",
          method: { group: "hanse:main:2xG…", height: 12 },
        },
      },
    },
  },
  group: {
    method: "GET",
    path: Group,
    access: "reader",
    summary: "Genesis, parameters and head of a group.",
    answer: { type: "application/json" },
  },
  submit: {
    method: "POST",
    path: `${Group}/transactions`,
    access: "open",
    summary:
      "Executes a signed transaction and answers its receipt once it is durable. A resubmission gets the first receipt.",
    body: ["application/jwt", "application/jose+json"],
    query: Closed({
      wait: Type.Optional(Type.Union([Type.Literal("0"), Type.Literal("1")], { description: "0: answer 202 at once" })),
    }),
    answer: { type: "application/json", example: { id: "674…", height: 12, index: 0, code: 0, facts: [] } },
  },
  submitMany: {
    method: "POST",
    path: `${Group}/transactions/batch`,
    access: "open",
    summary:
      "Executes up to 500 signed transactions, one a line; answers for each, in order, its receipt once it is durable, or why it was refused. They are independent of each other.",
    body: ["application/jwt-seq"],
    answer: {
      type: "application/json",
      example: { items: [{ receipt: { id: "674…", height: 12, index: 0, code: 0, facts: [] } }] },
    },
  },
  transaction: {
    method: "GET",
    path: `${Group}/transactions/:id`,
    access: "reader",
    summary: "unknown, pending, or committed with its receipt.",
    answer: { type: "application/json" },
  },
  blocks: {
    method: "GET",
    path: `${Group}/blocks`,
    access: "reader",
    summary: "Headers of blocks, ascending.",
    query: Closed({
      from: Type.Optional(Type.Integer({ minimum: 1 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    }),
    answer: { type: "application/json" },
  },
  block: {
    method: "GET",
    path: `${Group}/blocks/:height`,
    access: "reader",
    summary: "One block: header, certificate, transactions, receipts.",
    answer: { type: "application/json" },
  },
  query: {
    method: "GET",
    path: `${Group}/queries/:query`,
    access: "reader",
    summary: "A named query; its arguments are query parameters.",
    answer: { type: "application/json" },
  },
  record: {
    method: "GET",
    path: `${Group}/records`,
    access: "reader",
    summary: "One record of state by its key; with `proof=1` a proof file of its presence or absence.",
    query: Closed({
      key: Type.String({ minLength: 1, maxLength: 200 }),
      height: Type.Optional(Type.Integer({ minimum: 0 })),
      proof: Type.Optional(Type.Literal("1")),
      from: ValidatorsFrom,
    }),
    answer: { type: "application/json" },
  },
  trail: {
    method: "GET",
    path: `${Group}/trail`,
    access: "reader",
    summary: "What happened to a device, member, linkage or topic; with `proof=1` as a proof file.",
    query: Closed({
      about: Type.String({ minLength: 1, maxLength: 300 }),
      after: Type.Optional(Type.String({ maxLength: 64 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      proof: Type.Optional(Type.Literal("1")),
      from: ValidatorsFrom,
    }),
    answer: { type: "application/json" },
  },
  publish: {
    method: "POST",
    path: `${Group}/events`,
    access: "token",
    summary: "Publishes one event; answers its offset once it is durable.",
    query: Closed({ ...TopicQuery, path: Type.Optional(Type.String({ maxLength: 200 })) }),
    body: ["application/json", "application/cloudevents+json", "application/octet-stream"],
    answer: { type: "application/json", example: { offset: 41 } },
  },
  events: {
    method: "GET",
    path: `${Group}/events`,
    access: "token",
    summary: "Events of a topic from an offset on.",
    query: Closed({
      ...TopicQuery,
      from: Type.Optional(Type.Integer({ minimum: 0 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    }),
    answer: { type: "application/json" },
  },
  liveEvents: {
    method: "GET",
    path: `${Group}/events/live`,
    access: "token",
    summary: "Events of a topic as they come (server-sent events); `Last-Event-ID` or `from` says where to begin.",
    query: Closed({ ...TopicQuery, from: Type.Optional(Type.Integer({ minimum: 0 })) }),
    answer: { type: "text/event-stream" },
  },
  eventProof: {
    method: "GET",
    path: `${Group}/events/proof`,
    access: "token",
    summary: "Inclusion of one event in the topic's newest checkpoint, with the signed note.",
    query: Closed({ ...TopicQuery, offset: Type.Integer({ minimum: 0 }) }),
    answer: { type: "application/json" },
  },
  checkpoint: {
    method: "GET",
    path: `${Group}/checkpoint`,
    access: "reader",
    summary: "Newest signed checkpoint of a topic, a C2SP note.",
    query: Closed({ ...TopicQuery }),
    answer: { type: "text/plain" },
  },
  commands: {
    method: "GET",
    path: `${Group}/commands`,
    access: "reader",
    summary: "Why did this happen: runs of a linkage, newest first, with commands and receipts.",
    query: Closed({
      linkage: Type.String({ maxLength: 40 }),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    }),
    answer: { type: "application/json" },
  },
  exchangeNonce: {
    method: "POST",
    path: `${Group}/exchange/nonce`,
    access: "open",
    summary: "A nonce for one release: single use, short-lived, good for this recipient, provider and resource alone.",
    body: ["application/json"],
    answer: { type: "application/json", example: { nonce: "q83v…", exp: 1767225600 } },
  },
  exchangeRelease: {
    method: "POST",
    path: `${Group}/exchange/release`,
    access: "open",
    summary:
      "Releases data under a grant, sealed to the key that the request names. The request is a JWT of the recipient's authentication key; the same one again gets the same answer.",
    body: ["application/jwt"],
    answer: { type: "application/json", example: { receipt: { payload: "eyJ…", signatures: [] }, sealed: "eyJ…" } },
  },
  exchangeSubscribe: {
    method: "POST",
    path: `${Group}/exchange/subscribe`,
    access: "open",
    summary:
      "Events under a grant as they come (server-sent events), each sealed by itself: `receipt` first, then `event`, and `end` with the reason once the grant no longer stands.",
    body: ["application/jwt"],
    answer: { type: "text/event-stream" },
  },
  exchangeReceipt: {
    method: "POST",
    path: `${Group}/exchange/receipt`,
    access: "open",
    summary: "Takes an access receipt back with the recipient's signature.",
    body: ["application/jose+json"],
    answer: { type: "application/json", example: { jti: "q83v…" } },
  },
  exchangeReceipts: {
    method: "GET",
    path: `${Group}/exchange/receipts`,
    access: "token",
    summary: "Access receipts of a grant, newest first, for its owner, its parties and the provider.",
    query: Closed({ grant: GrantId, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }),
    answer: { type: "application/json" },
  },
  exchangeReceiptProof: {
    method: "GET",
    path: `${Group}/exchange/receipts/proof`,
    access: "token",
    summary:
      "An access receipt as a file that is verified offline: signatures, anchored root, and the ledger's word on it.",
    query: Closed({ receipt: Type.String({ pattern: "^[A-Za-z0-9_-]{22}$" }), from: ValidatorsFrom }),
    answer: { type: "application/json" },
  },
  exchangeDatasetPut: {
    method: "POST",
    path: `${Group}/exchange/datasets`,
    access: "member",
    summary: "Keeps a dataset for its owner, who alone can let it out.",
    body: ["application/json"],
    answer: { type: "application/json" },
  },
  exchangeDatasets: {
    method: "GET",
    path: `${Group}/exchange/datasets`,
    access: "member",
    summary: "Datasets that are kept, without their content.",
    query: Closed({
      provider: Type.Optional(Did),
      after: Type.Optional(DatasetName),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    }),
    answer: { type: "application/json" },
  },
  exchangeDatasetErase: {
    method: "POST",
    path: `${Group}/exchange/datasets/erase`,
    access: "token",
    summary: "Erases a dataset with its salt, for good: by its owner, or by the member that keeps it.",
    body: ["application/json"],
    answer: { type: "application/json", example: { erased: "ds-q83v…" } },
  },
  backup: {
    method: "POST",
    path: `${Group}/backup`,
    access: "member",
    summary: "Writes an online backup into the node's backup folder.",
    answer: { type: "application/json", example: { file: "/data/backups/main-12.db", height: 12 } },
  },
  ...VC_API_ROUTES,
  ...OPENID_ROUTES,
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;

/** Fills a route's path and query. */
export function routeUrl(
  base: string,
  name: RouteName,
  parameters: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  let path: string = ROUTES[name].path;
  for (const [key, value] of Object.entries(parameters)) path = path.replace(`:${key}`, encodeURIComponent(value));
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`);
  return `${base.replace(/\/$/, "")}${path}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`;
}
