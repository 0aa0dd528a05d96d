/** OpenAPI 3.1 out of the route table: what is served and what is described cannot differ. */
import type { TSchema } from "@sinclair/typebox";
import { OPENID_SCHEMAS, OPERATIONS, QUERIES, REQUEST_SCHEME, ROUTES, type Route, VC_API_SCHEMAS } from "#protocol";

type JsonObject = Record<string, unknown>;

function parameters(route: Route): JsonObject[] {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query = route.query as (TSchema & { properties?: Record<string, TSchema>; required?: string[] }) | undefined;
  const inQuery = Object.entries(query?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    required: query?.required?.includes(name) ?? false,
    schema,
  }));
  return [...inPath, ...inQuery];
}

const PROBLEM = {
  description: "A refusal (RFC 9457). `code` is stable; `advice` says what to do.",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

/** What each kind of route wants, in the words of OpenAPI: one of a list is enough, an empty one is nothing at all. */
const SECURITY: Readonly<Record<Route["access"], readonly JsonObject[] | undefined>> = {
  open: undefined,
  reader: [{}, { requestToken: [] }, { connectionToken: [] }, { clientCertificate: [] }],
  token: [{ connectionToken: [] }],
  member: [{ connectionToken: [] }, { requestToken: [] }, { clientCertificate: [] }],
  admin: [{}, { connectionToken: [] }, { requestToken: [] }, { clientCertificate: [] }],
  credentials: [{}, { connectionToken: [] }, { requestToken: [] }, { clientCertificate: [] }],
};

function describe(name: string, route: Route): JsonObject {
  return {
    operationId: name,
    summary: route.summary,
    parameters: parameters(route),
    ...(SECURITY[route.access] === undefined ? {} : { security: SECURITY[route.access] }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            // Where no media type at all is taken as well, there may be no body.
            required: !route.body.includes(""),
            content: Object.fromEntries(
              route.body.filter((type) => type !== "").map((type) => [type, contentOf(type, route.content)]),
            ),
          },
        }),
    responses: {
      [String(route.answer.status ?? 200)]: {
        description: route.summary,
        content: {
          [route.answer.type]: {
            schema:
              route.answer.schema ??
              (route.answer.type === "application/json" ? { type: "object" } : { type: "string" }),
            ...(route.answer.example === undefined ? {} : { example: route.answer.example }),
          },
        },
      },
      default: PROBLEM,
    },
  };
}

function contentOf(type: string, content: Route["content"]): JsonObject {
  if (content === undefined) return { schema: bodySchema(type) };
  const prefix = Object.hasOwn(OPENID_SCHEMAS, content.schema) ? "openid" : "vc";
  return { schema: { $ref: `#/components/schemas/${prefix}.${content.schema}` }, example: content.example };
}

function bodySchema(type: string): JsonObject {
  if (type === "application/jwt") return { type: "string", description: "Compact JWT: a transaction with one signer." };
  if (type === "application/jose+json")
    return {
      type: "object",
      required: ["payload", "signatures"],
      description: "General JSON serialisation: several signers.",
    };
  if (type === "application/octet-stream") return { type: "string", format: "binary" };
  return {};
}

/** The whole document. Operations and queries stand under `components.schemas`, each under its name. */
export function openApiDocument(version: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const [name, route] of Object.entries(ROUTES) as [string, Route][]) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describe(name, route) };
  }
  const named = (prefix: string, table: Readonly<Record<string, TSchema>>) =>
    Object.fromEntries(Object.entries(table).map(([name, schema]) => [`${prefix}.${name}`, { ...schema }]));
  return {
    openapi: "3.1.0",
    info: {
      title: "Hansa node",
      version,
      description:
        "An alliance ledger for things. Transactions are JWTs; their operations are the schemas `operation.*`.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      securitySchemes: {
        connectionToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "hansa-connect+jwt, signed by the subject's key: `aud` is the group, `exp` at most an hour ahead.",
        },
        requestToken: {
          type: "http",
          scheme: REQUEST_SCHEME,
          description:
            "hansa-request+jwt, signed by the subject's key over this one request: `aud` is the group, `htm` the method, `htu` path with query as sent, `bsh` the SHA-256 of a body, `exp` at most 60 s ahead, `jti` random. Needed where the group's parameters say `reads: parties`.",
        },
        clientCertificate: {
          type: "mutualTLS",
          description:
            "Under `tls.mode: mutual`: a certificate of the member's own CA whose URI name is the client's DID. Every request then wants one; it stands for a token where no token is given.",
        },
      },
      schemas: {
        Problem: {
          type: "object",
          required: ["type", "title", "status", "code"],
          properties: {
            type: { type: "string", examples: ["urn:hansa:error:transaction.signature"] },
            title: { type: "string" },
            status: { type: "integer" },
            detail: { type: "string" },
            code: { type: "string", examples: ["transaction.signature"] },
            advice: { type: "string" },
          },
        },
        ...named("operation", OPERATIONS),
        ...named("query", QUERIES),
        ...named("vc", VC_API_SCHEMAS),
        ...named("openid", OPENID_SCHEMAS),
      },
    },
  };
}
