import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import cors from "@fastify/cors";
import rateLimit from "@fastify/rate-limit";
import type { TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { Value } from "@sinclair/typebox/value";
import Fastify, {
  type ConnectionError,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { type Clock, HansaError } from "#base";
import type { Principal } from "#events";
import { MAX_DATASET_BYTES } from "#exchange";
import type { DidResolver } from "#identity";
import {
  BATCH_LIMITS,
  DID_URL_LIMIT,
  ROUTES,
  type Route,
  type RouteName,
  TRANSACTION_LIMITS,
  VC_API_LIMITS,
} from "#protocol";
import type { CredentialService } from "../credentials/credential-service.ts";
import { nodeError } from "../errors.ts";
import type { GroupService } from "../group-service.ts";
import type { Log } from "../log.ts";
import type { OpenidService } from "../openid4vc/open-openid.ts";
import type { ServerTls } from "../tls/server-tls.ts";
import { authorize, Caller, isLoopback } from "./access.ts";
import { type Handlers, routeHandlers } from "./handlers.ts";
import { OpenRequests } from "./open-requests.ts";
import { PeerConnections } from "./peer-connections.ts";
import { problemOf } from "./problem.ts";

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly origins?: readonly string[];
  readonly requestsPerMinute: number;
  readonly eventBytes: number;
  readonly groups: readonly GroupService[];
  readonly resolver: DidResolver;
  /** The VC API; without it, none. */
  readonly credentials?: CredentialService | undefined;
  /** OpenID4VCI and OpenID4VP; without it, none. */
  readonly openid?: OpenidService | undefined;
  /** Requests of the VC API that one address may send in a minute. */
  readonly credentialsPerMinute?: number | undefined;
  /** DID of the member that runs the node. */
  readonly member: string;
  readonly version: string;
  readonly mqttUrl: () => string;
  readonly metrics: () => Promise<string>;
  readonly log: Log;
  readonly clock: Clock;
  /** Without it, plain HTTP. */
  readonly tls?: ServerTls | undefined;
}

/** Trails that one address may ask for in a minute. */
const TRAILS_PER_MINUTE = 600;

/** What a handler gets: validated, authenticated, bound to its group. */
export interface Call {
  readonly group: GroupService;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | number>>;
  readonly body: Buffer | undefined;
  readonly contentType: string;
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** Who called; routes that are open have none. */
  readonly principal: Principal | undefined;
  /** Whether the caller may read a group's ledger, for routes that are of no group. */
  readonly mayRead: (group: GroupService) => boolean;
  /** Refuses whoever is not the member that runs the node, for routes where that depends on what is asked. */
  readonly requireMember: () => void;
  readonly reply: FastifyReply;
  /** Aborted when the client is gone. */
  readonly signal: () => AbortSignal;
}

export interface HttpServer {
  readonly url: string;
  /**
   * Looks at all open requests of a group again, and at all connections that are bound to a certificate, and ends those whose caller lost his
   * right: to be called after a block that changes rights.
   *
   * @param changed - DIDs that lost a key by it
   */
  recheck(group: GroupService, changed?: ReadonlySet<string>): void;
  close(): Promise<void>;
}

/**
 * Serves the route table. Every request passes here in the same order: rate, size, media type, group, rights, query, handler.
 *
 * @throws HansaError `node.port-taken`
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { tls } = options;
  const server = Fastify({
    logger: false,
    // Fastify tells secure and plain servers apart in its types; here they are served alike.
    ...(tls === undefined ? {} : ({ https: { ...tls.options(), ALPNProtocols: ["http/1.1"] } } as object)),
    // Room above both limits: what is somewhat over its own hears its own code, with the limit in it.
    bodyLimit: 2 * Math.max(TRANSACTION_LIMITS.bytes, options.eventBytes),
    requestTimeout: 30_000,
    connectionTimeout: 120_000,
    // The longest that stands in a path is a DID URL, percent-encoded.
    routerOptions: { maxParamLength: 3 * DID_URL_LIMIT },
    forceCloseConnections: true,
    // What the router refuses before any route: a path that cannot be decoded, a parameter that is too long.
    frameworkErrors: (error, request, reply) => {
      sendProblem(options.log, error, request as FastifyRequest, reply as FastifyReply);
    },
    clientErrorHandler: refuseConnection,
  });
  if (options.origins !== undefined && options.origins.length > 0)
    await server.register(cors, { origin: [...options.origins], methods: ["GET", "POST", "DELETE"], maxAge: 600 });
  await server.register(rateLimit, {
    max: options.requestsPerMinute,
    timeWindow: 60_000,
    // Told only to whom it concerns: on every answer these headers would cost more than the limit itself.
    addHeadersOnExceeding: { "x-ratelimit-limit": false, "x-ratelimit-remaining": false, "x-ratelimit-reset": false },
    errorResponseBuilder: (_request, context) =>
      nodeError("http.too-many-requests", `more than ${context.max} requests a minute`, {
        limit: context.max,
        retryAfterMs: context.ttl,
      }),
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error: FastifyError | HansaError, request, reply) =>
    sendProblem(options.log, error, request, reply),
  );
  server.setNotFoundHandler((request, reply) =>
    sendProblem(
      options.log,
      nodeError("http.not-found", `there is no ${request.method} ${request.url.split("?")[0]}`, {
        method: request.method,
      }),
      request,
      reply,
    ),
  );
  const handlers = routeHandlers(options);
  const requests = new OpenRequests();
  const peers = tls === undefined ? undefined : guardConnections(server.server as HttpsServer, tls, options);
  const open = { requests, peers };
  for (const name of Object.keys(ROUTES) as RouteName[]) mount(server, name, handlers, options, open);
  try {
    await server.listen({ host: options.host, port: options.port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE")
      throw nodeError("node.port-taken", `port ${options.port} is taken`, { port: options.port }, error);
    throw error;
  }
  const address = server.server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `${tls === undefined ? "http" : "https"}://${host}:${port}`,
    recheck(group, changed) {
      requests.recheck(group);
      peers?.recheck(changed);
    },
    close: () => server.close(),
  };
}

/** Keeps a server's certificates up to date, and its connections to what they are bound to. */
function guardConnections(server: HttpsServer, tls: ServerTls, options: HttpOptions): PeerConnections {
  const onRefused = (error: unknown) =>
    options.log.debug({ cause: error instanceof Error ? error.message : String(error) }, "a TLS client was refused");
  const peers = new PeerConnections({ tls, groups: options.groups, member: options.member, onRefused });
  if (tls.mode === "mutual") server.on("secureConnection", (socket) => peers.accept(socket));
  const stop = tls.onChange((renewed) => {
    if (renewed) server.setSecureContext(tls.options());
    peers.recheck();
  });
  server.once("close", stop);
  return peers;
}

/** What is not HTTP has no request to answer: one problem document, and the connection ends. */
function refuseConnection(error: ConnectionError, socket: Socket): void {
  if (error.code !== "ECONNRESET" && socket.writable) {
    const [status, phrase] = CLIENT_ERRORS[error.code] ?? [400, "Bad Request"];
    const problem = nodeError("http.bad-request", `the request cannot be read: ${phrase}`, { problem: phrase });
    const body = JSON.stringify({ ...problemOf(problem).body, status });
    socket.write(
      `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: application/problem+json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, "Request Header Fields Too Large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Request Timeout"],
};

function sendProblem(log: Log, thrown: FastifyError | HansaError, request: FastifyRequest, reply: FastifyReply): void {
  const error = asHansaError(thrown);
  const { status, body } = problemOf(error);
  if (status >= 500 && status !== 503)
    log.error({ request: request.id, code: body["code"], cause: describeCause(thrown) }, "a request failed");
  if (status === 503) reply.header("retry-after", "1");
  reply.code(status).header("content-type", "application/problem+json").send(JSON.stringify(body));
}

function describeCause(error: Error): string {
  return error.stack ?? error.message;
}

/** What the server itself refuses, in our codes. */
function asHansaError(error: FastifyError | HansaError): unknown {
  if (error instanceof HansaError) return error;
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return nodeError("http.too-large", "the body is too large");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return nodeError("http.media-type", "the content type is missing or unknown");
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
    case "FST_ERR_BAD_URL":
    case "FST_ERR_MAX_PARAM_LENGTH":
      return nodeError("http.bad-request", error.message, { problem: error.message });
    default:
      if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
        return nodeError("http.bad-request", error.message, { problem: error.message });
      return error;
  }
}

function mount(
  server: FastifyInstance,
  name: RouteName,
  handlers: Handlers,
  options: HttpOptions,
  open: { readonly requests: OpenRequests; readonly peers: PeerConnections | undefined },
): void {
  const route: Route = ROUTES[name];
  const check: TypeCheck<TSchema> | undefined =
    route.query === undefined ? undefined : TypeCompiler.Compile(route.query);
  const handler = handlers[name];
  const ofGroup = route.path.includes("/:group");
  const access = {
    groups: options.groups,
    member: options.member,
    local: options.tls === undefined && isLoopback(options.host),
  };
  server.route({
    method: route.method,
    url: route.path,
    ...(name === "submitMany" ? { bodyLimit: BATCH_LIMITS.bytes } : {}),
    // base64url of the largest dataset, and what is around it.
    ...(name === "exchangeDatasetPut" ? { bodyLimit: 2 * MAX_DATASET_BYTES } : {}),
    ...(isOfCredentials(route) ? { bodyLimit: VC_API_LIMITS.bytes } : {}),
    config: limitOf(name, route, options),
    async handler(request, reply) {
      const parameters = request.params as Record<string, string>;
      const named = ofGroup ? findGroup(options.groups, parameters["group"] as string) : undefined;
      const group = named ?? (options.groups[0] as GroupService);
      const contentType = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
      if (route.body !== undefined && !route.body.includes(contentType))
        throw nodeError("http.media-type", `send ${route.body.join(" or ")}`, {
          accepts: route.body,
          got: contentType,
        });
      const body = Buffer.isBuffer(request.body) ? request.body : undefined;
      const { authorization } = request.headers;
      const arrived = { authorization, method: request.method, target: request.raw.url ?? "", body };
      const caller = new Caller({ ...arrived, certificate: open.peers?.peerOf(request.raw.socket) }, access);
      // Before anything is looked at that the group holds, or answered about what was asked for.
      const principal = authorize(route, named, caller, access);
      if (principal !== undefined) {
        open.requests.add(request.raw, route.access, group, principal);
        reply.raw.once("close", () => open.requests.remove(request.raw));
      }
      if ((name === "submit" || name === "submitMany") && open.peers !== undefined)
        reply.raw.once("close", open.peers.hold(request.raw.socket));
      const call: Call = {
        group,
        parameters,
        query: readQuery(route, check, request.query as Record<string, unknown>),
        body,
        contentType,
        headers: request.headers,
        principal,
        mayRead: (other) => caller.mayRead(other),
        requireMember: () => void authorize({ ...route, access: "member" }, undefined, caller, access),
        reply,
        signal: () => abortOnClose(reply.raw),
      };
      if (route.answer.status !== undefined) reply.code(route.answer.status);
      const answer = await handler(call);
      if (reply.sent || answer === undefined) return reply;
      if (open.peers?.ends(request.raw.socket)) reply.header("connection", "close");
      if (typeof answer === "string") {
        // Where clients choose among types, the handler has said which it is.
        if (!reply.hasHeader("content-type")) reply.header("content-type", route.answer.type);
        return reply.send(answer);
      }
      return reply.header("content-type", "application/json; charset=utf-8").send(JSON.stringify(answer));
    },
  });
}

/** What reads many blocks for one question, or computes for long, has a limit of its own. */
function limitOf(name: RouteName, route: Route, options: HttpOptions) {
  const own = name === "trail" ? TRAILS_PER_MINUTE : isOfCredentials(route) ? options.credentialsPerMinute : undefined;
  return own === undefined ? {} : { rateLimit: { max: Math.min(own, options.requestsPerMinute) } };
}

/** The VC API, and OpenID4VC. */
function isOfCredentials({ access, path }: Route): boolean {
  return access === "credentials" || path.startsWith("/openid4v");
}

function findGroup(groups: readonly GroupService[], wanted: string): GroupService {
  const group = groups.find((candidate) => candidate.ledger.group.id === wanted || candidate.name === wanted);
  if (group === undefined)
    throw nodeError("http.unknown-group", `this node serves no group ${wanted.slice(0, 120)}`, {
      groups: groups.map(({ name }) => name),
    });
  return group;
}

/** Query parameters, numbers parsed; whatever the route does not name is refused. */
const NOTHING: Call["query"] = {};

function readQuery(route: Route, check: TypeCheck<TSchema> | undefined, raw: Record<string, unknown>): Call["query"] {
  if (check === undefined || route.query === undefined) return raw as Call["query"];
  if (Object.keys(raw).length === 0 && route.query["required"] === undefined) return NOTHING;
  const query = Value.Convert(route.query, { ...raw }) as Call["query"];
  if (check.Check(query)) return query;
  const first = check.Errors(query).First();
  const problem = `${first?.path ?? ""} ${first?.message ?? "does not fit"}`;
  throw nodeError("http.bad-request", `query: ${problem}`, { path: first?.path ?? "", problem: first?.message ?? "" });
}

/**
 * Aborted once the response is whole or its connection gone. Not by the request's own `close`, which comes as soon as its body was read; nor by
 * the socket's, which serves others after this one and would keep what listens to it.
 */
function abortOnClose(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  if (response.closed || response.destroyed) controller.abort();
  else response.once("close", () => controller.abort());
  return controller.signal;
}
