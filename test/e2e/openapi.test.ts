import { readFileSync, writeFileSync } from "node:fs";
import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openKeyFile } from "#crypto/node";
import { homeAt } from "#node";
import {
  countersignAccessReceipt,
  decodeAccessReceipt,
  OPENID_SCHEMAS,
  OPERATIONS,
  operation,
  prepareClaims,
  QUERIES,
  ROUTES,
  type Route,
  type RouteName,
  signTransaction,
  VC_API_SCHEMAS,
} from "#protocol";
import { getAccessReceipt, keepCredential, putDataset, requestCredential, requestRelease, signRelease } from "#sdk";
import { admit, agree, connect, contractOf, furnish, report, tokenOf, topicOf } from "./devices.suite.ts";
import { asked, give } from "./exchange.suite.ts";
import { Alliance, codeOf, PASSPHRASE, until } from "./member.suite.ts";

let alliance: Alliance;
let linkage: string;
/** A credential of the node's issuer, and its base proof. */
let credential: Record<string, unknown>;
let base: Record<string, unknown>;

beforeAll(async () => {
  alliance = await Alliance.create();
  await addIssuers(alliance);
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  credential = await issue({ issuer: "acme" });
  base = await issue({ issuer: "labels", cryptosuite: "ecdsa-sd-2023" });
  await furnish(alliance);
  await admit(alliance, "acme", "device/sensor");
  await admit(alliance, "borea", "device/fan");
  linkage = await agree(
    alliance,
    contractOf(alliance, {
      trigger: { device: alliance.party("device/sensor").did, property: "temperature", changes: true },
      actions: [{ device: alliance.party("device/fan").did, set: "state", value: true }],
    }),
  );
  const client = await connect(alliance, "device/sensor");
  await report(alliance, client, "acme", "device/sensor", "temperature", 1);
  client.end(true);
  await furnishExchange();
});
afterAll(() => alliance.remove());

/** What the exchange's routes are asked for. */
const exchange = { nonce: "", release: "", subscribe: "", receipt: "", countersigned: "", grant: "", draft: "" };

async function furnishExchange(): Promise<void> {
  const { did: owner } = alliance.party("owner");
  const keep = (dataset: string) => ({ owner, dataset, mediaType: "text/plain", content: new Uint8Array(8) });
  for (const dataset of ["data/one", "data/two"]) await putDataset(alliance.as("acme"), keep(dataset));
  const by = { owner: "owner" };
  const resource = { kind: "dataset", dataset: "data/one" } as const;
  const args = asked(alliance, await give(alliance, resource, by));
  const borea = alliance.as("borea");
  const { answer } = await requestRelease(borea, args);
  const { kid, signer } = alliance.party("borea");
  const { jti, grants } = decodeAccessReceipt(answer.receipt).receipt;
  const device = alliance.party("device/sensor").did;
  const live = { ...by, terms: { actions: ["subscribe" as const] } };
  const followed = await give(alliance, { kind: "property", device, property: "temperature" }, live);
  Object.assign(exchange, {
    nonce: JSON.stringify({ recipient: alliance.party("borea").did, provider: args.provider, resource }),
    release: (await signRelease(borea, { ...args, action: "read" })).request,
    subscribe: (await signRelease(borea, { ...asked(alliance, followed), action: "subscribe" })).request,
    receipt: jti,
    countersigned: JSON.stringify(countersignAccessReceipt(answer.receipt, kid, signer)),
    grant: grants[0],
    draft: JSON.stringify({ ...keep("data/three"), content: "AAAA" }),
  });
  await until(async () => (await codeOf(getAccessReceipt(alliance.as("acme"), { receipt: jti }))) === "accepted");
}

/** Lets the node issue, hold and verify credentials. */
async function addIssuers({ folder }: Alliance): Promise<void> {
  const { keyFile, configFile } = homeAt(folder);
  const keys = await openKeyFile(keyFile, PASSPHRASE);
  keys.generate("labels", "P-256");
  keys.close();
  const credentials = {
    issuers: [
      { name: "acme", did: "did:hansa", status: ["suspension"] },
      { name: "labels", did: "did:key", key: "labels" },
    ],
    holder: { did: "did:hansa" },
  };
  const config = JSON.parse(readFileSync(configFile, "utf8")) as object;
  writeFileSync(configFile, JSON.stringify({ ...config, identity: { credentials } }));
}

const post = (body: object) => ({
  init: { headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
});

const unsigned = (id: string) => ({
  "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
  id,
  type: ["VerifiableCredential"],
  credentialSubject: { id: "did:example:subject", alumniOf: "The School of Examples" },
});

function issue(options: object): Promise<Record<string, unknown>> {
  return requestCredential(alliance.as("acme"), unsigned(`urn:example:${JSON.stringify(options).length}`), options);
}

type Schema = { readonly [name: string]: unknown };

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: Schema }[];
  readonly security?: readonly Schema[];
  readonly requestBody?: { readonly content: { readonly [type: string]: { readonly schema: Schema } } };
  readonly responses: { readonly [status: string]: { readonly description: string; readonly content?: Schema } };
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
  readonly components: { readonly schemas: { readonly [name: string]: Schema }; readonly securitySchemes: Schema };
}

async function document(): Promise<Document> {
  const response = await fetch(`${alliance.node.url}/openapi.json`);
  expect(response.status).toBe(200);
  return (await response.json()) as Document;
}

/** Every object within a value, with its place. */
function* objectsIn(value: unknown, place = "#"): Generator<[string, Schema]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [place, value as Schema];
  for (const [key, inner] of Object.entries(value)) yield* objectsIn(inner, `${place}/${key}`);
}

const TYPES = ["null", "boolean", "object", "array", "number", "string", "integer"];

describe("the OpenAPI document", () => {
  it("is of version 3.1 and describes every route once, with its parameters and answers", async () => {
    const { openapi, info, paths, components } = await document();
    expect(openapi).toMatch(/^3\.1\.\d+$/);
    expect(info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, one]) => ({ path, method, one })),
    );
    expect(described.map(({ one }) => one.operationId).sort()).toEqual(Object.keys(ROUTES).sort());
    for (const { path, method, one } of described) {
      expect(path, one.operationId).toMatch(/^\/([a-z0-9.-]+|\{\w+\})?(\/([a-z0-9.-]+|\{\w+\}))*$/);
      expect(["get", "post", "delete"]).toContain(method);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = one.parameters.filter((parameter) => parameter.in === "path");
      expect(declared.map(({ name }) => name).sort(), one.operationId).toEqual(inPath.sort());
      expect(declared.every(({ required }) => required)).toBe(true);
      const names = one.parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      expect(new Set(names).size, one.operationId).toBe(names.length);
      for (const parameter of one.parameters) expect(["path", "query"]).toContain(parameter.in);
      expect(Object.keys(one.responses).length).toBeGreaterThan(0);
      for (const [status, response] of Object.entries(one.responses)) {
        expect(status).toMatch(/^([1-5]\d\d|default)$/);
        expect(response.description.length).toBeGreaterThan(0);
      }
      for (const requirement of one.security ?? [])
        for (const scheme of Object.keys(requirement)) expect(components.securitySchemes).toHaveProperty(scheme);
    }
  });

  it("holds schemas that are JSON Schema 2020-12 as far as they go, and every reference leads somewhere", async () => {
    const whole = await document();
    for (const [place, value] of objectsIn(whole)) {
      const { $ref, type, required, properties, pattern, minimum, maximum } = value;
      if (typeof $ref === "string") {
        const target = $ref
          .replace(/^#\//, "")
          .split("/")
          .reduce<unknown>((inner, key) => (inner as Schema | undefined)?.[key], whole);
        expect(target, `${place}: ${$ref}`).toBeDefined();
      }
      // Within examples and the like these names mean nothing.
      if (/\/examples?(\/|$)|\/properties$|\/parameters\/\d+$/.test(place) || !/schema/.test(place)) continue;
      if (typeof type === "string" && !/schemas$/.test(place)) expect(TYPES, place).toContain(type);
      if (Array.isArray(required) && typeof properties === "object")
        for (const name of required) expect(properties, place).toHaveProperty([String(name)]);
      // ECMA-262 with `u`, as JSON Schema wants it.
      if (typeof pattern === "string") expect(() => new RegExp(pattern, "u"), place).not.toThrow();
      if (typeof minimum === "number" && typeof maximum === "number") expect(minimum).toBeLessThanOrEqual(maximum);
    }
  });

  it("names every operation and every query of the protocol", async () => {
    const { components } = await document();
    for (const name of Object.keys(OPERATIONS)) expect(components.schemas).toHaveProperty([`operation.${name}`]);
    for (const name of Object.keys(QUERIES)) expect(components.schemas).toHaveProperty([`query.${name}`]);
  });

  it("shows bodies of the VC API that fit their schemas", () => {
    const routes = Object.values(ROUTES).flatMap(({ content }: Route) => (content === undefined ? [] : [content]));
    expect(routes.length).toBeGreaterThan(8);
    const schemas: Readonly<Record<string, TSchema>> = { ...VC_API_SCHEMAS, ...OPENID_SCHEMAS };
    for (const { schema, example } of routes)
      expect(Value.Check(schemas[schema] as TSchema, example), schema).toBe(true);
  });
});

describe("every route", () => {
  const names = Object.keys(ROUTES) as RouteName[];

  const withBody = (type: string, body: string): RequestInit => ({ headers: { "content-type": type }, body });

  const isOfKept = (name: RouteName) => name === "storedCredential" || name === "dropCredential";
  const idOf = (name: RouteName): string => {
    if (name !== "statusList") return "00".repeat(20);
    const { statusListCredential } = credential["credentialStatus"] as { statusListCredential: string };
    return statusListCredential.slice(statusListCredential.lastIndexOf("/") + 1);
  };

  /** A call that the route answers as its entry says. */
  function callOf(name: RouteName): { path: string; init?: RequestInit } {
    const topic = `topic=${encodeURIComponent(topicOf("acme"))}`;
    const acme = alliance.party("acme");
    const presentation = {
      presentation: {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        type: ["VerifiablePresentation"],
        verifiableCredential: [credential],
      },
      options: { challenge: "mine", domain: "shop.example" },
    };
    const special: Partial<Record<RouteName, () => { query?: string; init?: RequestInit }>> = {
      submit: () => {
        const service = { id: "one", type: "Test", endpoint: "https://a.example/" };
        const ops = [operation("identity.setService", { did: acme.did, service })];
        const body = signTransaction(prepareClaims(acme.did, alliance.groupId, ops, Date.now()), [acme]);
        return { init: { headers: { "content-type": "application/jwt" }, body } };
      },
      submitMany: () => {
        const lines = ["one", "two"].map((id) => {
          const service = { id, type: "Test", endpoint: "https://a.example/" };
          const ops = [operation("identity.setService", { did: acme.did, service })];
          return signTransaction(prepareClaims(acme.did, alliance.groupId, ops, Date.now()), [acme]);
        });
        return { init: { headers: { "content-type": "application/jwt-seq" }, body: lines.join("\n") } };
      },
      record: () => ({ query: `key=member/${acme.did}` }),
      trail: () => ({ query: `about=${acme.did}` }),
      events: () => ({ query: topic }),
      liveEvents: () => ({ query: `${topic}&from=0` }),
      eventProof: () => ({ query: `${topic}&offset=0` }),
      checkpoint: () => ({ query: topic }),
      commands: () => ({ query: `linkage=${linkage}` }),
      exchangeNonce: () => ({ init: withBody("application/json", exchange.nonce) }),
      exchangeRelease: () => ({ init: withBody("application/jwt", exchange.release) }),
      exchangeSubscribe: () => ({ init: withBody("application/jwt", exchange.subscribe) }),
      exchangeReceipt: () => ({ init: withBody("application/jose+json", exchange.countersigned) }),
      exchangeReceipts: () => ({ query: `grant=${exchange.grant}` }),
      exchangeReceiptProof: () => ({ query: `receipt=${exchange.receipt}` }),
      exchangeDatasetPut: () => ({ init: withBody("application/json", exchange.draft) }),
      exchangeDatasetErase: () => ({ init: withBody("application/json", '{"dataset":"data/two"}') }),
      issueCredential: () => post({ credential: unsigned("urn:example:fresh"), options: { issuer: "acme" } }),
      verifyCredential: () => post({ verifiableCredential: credential }),
      deriveCredential: () =>
        post({ verifiableCredential: base, options: { selectivePointers: ["/credentialSubject"] } }),
      updateCredentialStatus: () => post({ credentialId: credential["id"], status: false }),
      storeCredential: () => post({ verifiableCredential: credential }),
      createPresentation: () => post(presentation),
      provePresentation: () => post(presentation),
      verifyPresentation: () => post({ presentation: presentation.presentation }),
      createChallenge: () => post({ domain: "shop.example" }),
    };
    const { query, init } = special[name]?.() ?? {};
    const route = ROUTES[name];
    const path = route.path
      .replace(":did", acme.did)
      .replace(":group", "main")
      .replace(":id", isOfKept(name) ? encodeURIComponent(String(credential["id"])) : idOf(name))
      .replace(":height", "1")
      .replace(":query", "members.list");
    const token = tokenOf(alliance, "acme");
    const authorization: Record<string, string> = route.access === "open" ? {} : { authorization: `Bearer ${token}` };
    return {
      path: query === undefined ? path : `${path}?${query}`,
      init: { ...init, method: route.method, headers: { ...init?.headers, ...authorization } },
    };
  }

  // Those of OpenID4VC answer one after another: src/node/http/openid-routes.test.ts.
  const single = names.filter((name) => name !== "publish" && !/^\/(openid4v|\.well-known\/)/.test(ROUTES[name].path));
  it.each(single)("%s answers as its entry says", async (name) => {
    const { path, init } = callOf(name);
    if (isOfKept(name)) await keepCredential(alliance.as("acme"), credential);
    const controller = new AbortController();
    const response = await fetch(alliance.node.url + path, { ...init, signal: controller.signal });
    const { answer }: Route = ROUTES[name];
    expect(response.status, `${name} ${path}`).toBe(answer.status ?? 200);
    expect(response.headers.get("content-type")?.split(";")[0]).toBe(ROUTES[name].answer.type);
    if (ROUTES[name].answer.type === "text/event-stream") {
      const first = await response.body?.getReader().read();
      expect(Buffer.from(first?.value ?? []).toString()).toMatch(/^(:|id:|event:|data:|retry:)/);
      controller.abort();
    } else if (ROUTES[name].answer.type === "application/json") expect(await response.json()).toBeTypeOf("object");
    else expect((await response.text()).length).toBeGreaterThan(0);
  });

  it("publish answers an offset to whoever has the right, and says to others that they lack it", async () => {
    const did = alliance.party("acme").did;
    const rules = [{ who: { did } }];
    await alliance.send("acme", [operation("topics.open", { topic: "acme/notes", publish: rules, subscribe: rules })]);
    const publish = (name: string) =>
      fetch(`${alliance.node.url}/groups/main/events?topic=acme/notes&path=x`, {
        method: "POST",
        headers: { authorization: `Bearer ${tokenOf(alliance, name)}`, "content-type": "application/json" },
        body: '{"a":1}',
      });
    for (const offset of [0, 1]) expect(await (await publish("acme")).json()).toEqual({ offset });
    const refused = await publish("borea");
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: "events.forbidden" });
  });
});

describe("metrics", () => {
  it("parse as Prometheus text, each sample with its help and type, and count what happened", async () => {
    const text = await (await fetch(`${alliance.node.url}/metrics`)).text();
    const declared = new Set<string>();
    const samples = new Map<string, number>();
    const label = '[a-zA-Z_]\\w*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
    const sample = new RegExp(
      `^([a-zA-Z_:][\\w:]*)(\\{(?:${label}(?:,${label})*)?,?\\})? (NaN|[+-]Inf|[-+0-9.eE]+)( -?\\d+)?$`,
    );
    for (const line of text.split("\n")) {
      if (line === "" || line.startsWith("# HELP ")) continue;
      const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
      if (type !== null) {
        expect(declared.has(type[1] as string), line).toBe(false);
        declared.add(type[1] as string);
        continue;
      }
      const parts = sample.exec(line);
      expect(parts, line).not.toBeNull();
      const [, name, labels, value] = parts as unknown as [string, string, string | undefined, string];
      const family = [name, name.replace(/_(bucket|sum|count|total)$/, "")];
      expect(
        family.some((known) => declared.has(known)),
        line,
      ).toBe(true);
      expect(samples.has(name + (labels ?? "")), line).toBe(false);
      samples.set(name + (labels ?? ""), Number(value));
    }
    expect(samples.get('hansa_ledger_height{group="main"}')).toBeGreaterThan(0);
    expect(samples.get('hansa_engine_running{group="main"}')).toBe(1);
    expect(samples.get('hansa_events_appended_total{group="main"}')).toBeGreaterThan(0);
  });
});

describe("health", () => {
  it("is 200 while everything serves", async () => {
    const response = await fetch(`${alliance.node.url}/health`);
    expect([response.status, await response.json()]).toEqual([200, { status: "ok", problems: [] }]);
  });
});
