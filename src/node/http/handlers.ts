import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { decodeHex, HansaError } from "#base";
import { liveEvents, proveEvent, publishEvent, readEvents } from "#events";
import { BATCH_LIMITS, QUERIES, type QueryName, type RouteName } from "#protocol";
import { nodeError } from "../errors.ts";
import type { GroupService } from "../group-service.ts";
import { certifyTrail, recordProofOf } from "../proofs.ts";
import { describeCommandRun } from "../runs.ts";
import { trailProofOf } from "../trail.ts";
import { askerOf, withoutHint } from "./access.ts";
import { exchangeHandlers } from "./exchange.ts";
import { problemsOf } from "./health.ts";
import { openApiDocument } from "./openapi.ts";
import { openidHandlers } from "./openid.ts";
import { problemOf } from "./problem.ts";
import { answerResolution } from "./resolution.ts";
import { sendFrames } from "./send-frames.ts";
import type { Call, HttpOptions } from "./server.ts";
import { vcApiHandlers } from "./vc-api.ts";

type Answer = object | string | undefined;
export type Handlers = { readonly [Name in RouteName]: (call: Call) => Answer | Promise<Answer> };

const decoder = new TextDecoder();
const asItIs = (text: string) => text;

/** One handler a route. They read the ledger or hand on; nothing here decides. */
export function routeHandlers(options: HttpOptions): Handlers {
  const openapi = openApiDocument(options.version);
  return {
    health(call) {
      const problems = options.groups.flatMap(({ name, engine }) => problemsOf(name, engine.status()));
      if (problems.length > 0) call.reply.code(503);
      return { status: problems.length === 0 ? "ok" : "failing", problems };
    },

    metrics: () => options.metrics(),
    openapi: () => openapi,

    status: ({ mayRead }) => ({
      version: options.version,
      member: options.member,
      mqtt: options.mqttUrl(),
      groups: options.groups.map((group) => (mayRead(group) ? groupStatus(group) : strangersStatus(group))),
    }),

    async resolve(call) {
      const { parameters, query, headers, reply } = call;
      const answer = await answerResolution(options.resolver, {
        url: parameters["did"] as string,
        options: query,
        accept: headers.accept,
        asker: askerOf(options.groups, call),
      });
      reply.code(answer.status).header("content-type", answer.type).header("vary", "accept");
      if (answer.location !== undefined) reply.header("location", answer.location);
      // Else fastify adds a charset to types of JSON, which the binding's have not.
      reply.serializer(asItIs);
      return answer.body;
    },

    group: ({ group }) => ({
      id: group.ledger.group.id,
      genesis: group.ledger.genesis,
      parameters: group.ledger.query("members.parameters", {}),
      head: group.ledger.head ?? null,
    }),

    async submit({ group, body, query, reply }) {
      if (body === undefined) throw nodeError("http.bad-request", "the body is empty", { problem: "empty body" });
      const outcome = group.submission.submit(body).catch((error: unknown) => {
        throw withoutHint(group, error);
      });
      if (query["wait"] !== "0") return outcome;
      // Whoever does not wait still hears of a refusal that is known at once.
      const first = await Promise.race([
        outcome,
        new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
      ]);
      outcome.catch(() => undefined);
      if (first !== undefined) return first;
      reply.code(202);
      return { status: "pending" };
    },

    async submitMany({ group, body }) {
      const items = await Promise.all(
        linesOf(body).map(async (line) => {
          try {
            return { receipt: await group.submission.submit(line) };
          } catch (error) {
            return { problem: problemOf(withoutHint(group, error)).body };
          }
        }),
      );
      return { items };
    },

    transaction({ group, parameters }) {
      const id = decodeHex(parameters["id"] as string);
      if (id?.length !== 20)
        throw nodeError("http.bad-request", "a transaction's id is 40 hexadecimal digits", { problem: "id" });
      return group.submission.status(id);
    },

    blocks({ group, query }) {
      const from = Number(query["from"] ?? 1);
      const limit = Number(query["limit"] ?? 20);
      const items = [];
      for (let height = from; height < from + limit && height <= group.ledger.height; height++) {
        const block = group.ledger.block(height);
        if (block !== undefined) items.push({ header: block.header, certificate: block.certificate });
      }
      return { items };
    },

    block({ group, parameters }) {
      const height = Number(parameters["height"]);
      const block = Number.isSafeInteger(height) ? group.ledger.block(height) : undefined;
      if (block === undefined) throw new HansaError("query.not-found", `there is no block ${parameters["height"]}`);
      return { ...block, transactions: block.transactions.map((bytes) => decoder.decode(bytes)) };
    },

    query({ group, parameters, query }) {
      const name = parameters["query"] as QueryName;
      const schema: TSchema | undefined = Object.hasOwn(QUERIES, name) ? QUERIES[name] : undefined;
      // Query parameters are text; the schema says which are numbers.
      const args = schema === undefined ? query : Value.Convert(schema, { ...query });
      return group.ledger.query(name, args as never) as object;
    },

    record({ group, query }) {
      const key = String(query["key"]);
      if (query["proof"] === "1") {
        if (query["height"] !== undefined)
          throw nodeError("http.bad-request", "proofs are of the newest block: leave `height` out", {
            problem: "height",
          });
        return recordProofOf(group.proofs, key, fromOf(query));
      }
      const height = query["height"] === undefined ? undefined : Number(query["height"]);
      return { key, value: group.ledger.record(key, height), height: height ?? group.ledger.height };
    },

    trail({ group, query }) {
      const about = String(query["about"]);
      if (query["proof"] === "1")
        return trailProofOf(group, about).then((proof) => certifyTrail(group.proofs, proof, fromOf(query)));
      const after = query["after"] === undefined ? undefined : String(query["after"]);
      return group.trail.entries(about, {
        ...(after === undefined ? {} : { after }),
        limit: Number(query["limit"] ?? 100),
      });
    },

    async publish(call) {
      const { group, principal, query, body, contentType } = call;
      if (body === undefined) throw nodeError("http.bad-request", "the body is empty", { problem: "empty body" });
      return publishEvent(group.events, required(principal), {
        topic: String(query["topic"]),
        path: String(query["path"] ?? ""),
        body,
        contentType,
      });
    },

    events({ group, principal, query }) {
      return readEvents(group.events, required(principal), {
        topic: String(query["topic"]),
        from: Number(query["from"] ?? 0),
        limit: Number(query["limit"] ?? 100),
      });
    },

    async liveEvents({ group, principal, query, headers, reply, signal }) {
      const last = headers["last-event-id"];
      const gone = signal();
      const frames = liveEvents(group.events, required(principal), {
        topic: String(query["topic"]),
        ...(query["from"] === undefined ? {} : { from: Number(query["from"]) }),
        ...(typeof last === "string" ? { lastEventId: last } : {}),
        signal: gone,
        clock: options.clock,
      });
      await sendFrames(reply, frames);
      return undefined;
    },

    eventProof: ({ group, principal, query }) =>
      proveEvent(group.events, required(principal), { topic: String(query["topic"]), offset: Number(query["offset"]) }),

    checkpoint({ group, query }) {
      const topic = String(query["topic"]);
      group.ledger.query("topics.get", { topic });
      return group.logs.checkpoint(topic);
    },

    commands({ group, query }) {
      const linkage = String(query["linkage"]);
      group.ledger.query("linkages.get", { linkage });
      const limit = Number(query["limit"] ?? 50);
      const runs = group.hosted.flatMap((member) => member.runtime.runsOf(linkage, limit));
      return {
        items: runs
          .sort((a, b) => b.at - a.at)
          .slice(0, limit)
          .map(describeCommandRun),
      };
    },

    ...exchangeHandlers(options),

    backup: ({ group }) => group.backup(),

    ...vcApiHandlers(options.credentials, options.groups),

    ...openidHandlers(options.openid, options.groups),
  };
}

/** Engine height of the validators that the asker trusts already. */
function fromOf(query: Call["query"]): number | undefined {
  return query["from"] === undefined ? undefined : Number(query["from"]);
}

/** Lines of a batch; an empty one at the end is none. */
function linesOf(body: Buffer | undefined): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; body !== undefined && from < body.length; ) {
    const end = body.indexOf(0x0a, from);
    const to = end < 0 ? body.length : end;
    // A copy: what stays in memory must not keep the whole request there.
    if (to > from) lines.push(Buffer.from(body.subarray(from, to)));
    from = to + 1;
  }
  if (lines.length === 0 || lines.length > BATCH_LIMITS.transactions)
    throw nodeError("http.bad-request", `a batch has 1 to ${BATCH_LIMITS.transactions} transactions, one a line`, {
      problem: "lines",
      lines: lines.length,
    });
  return lines;
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw nodeError("http.unauthenticated", "the route wants a connection token");
  return value;
}

/** What finds a group, and nothing of what is in it. */
function strangersStatus(group: GroupService) {
  return { id: group.ledger.group.id, name: group.name, reads: "parties" };
}

function groupStatus(group: GroupService) {
  const head = group.ledger.head;
  const engine = group.engine.status();
  return {
    id: group.ledger.group.id,
    name: group.name,
    reads: group.rights.isClosed() ? "parties" : "anyone",
    engine: engine.kind,
    state: engine.state,
    height: group.ledger.height,
    time: head?.header.time ?? null,
    root: head?.header.state ?? null,
    records: group.ledger.records,
    waiting: engine.waiting,
    ...(engine.consensus === undefined ? {} : { consensus: engine.consensus }),
    windowSeconds: (group.ledger.query("members.parameters", {}) as { windowSeconds: number }).windowSeconds,
  };
}
