import { afterEach, describe, expect, it } from "vitest";
import { HansaError } from "#base";
import { decodeConnectionToken, decodeRequestToken } from "#protocol";
import { createClient, getIdentity, getRecord, getStatus, listAll, query, readEvents } from "#sdk";
import { type Answer, GROUP, json, PARTY, problem, serve } from "./server.suite.ts";

type Served = Awaited<ReturnType<typeof serve>>;
const open: Served[] = [];

async function serving(answer: Answer): Promise<Served> {
  const served = await serve(answer);
  open.push(served);
  return served;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

async function refusalOf(promise: Promise<unknown>): Promise<HansaError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(HansaError);
  return error as HansaError;
}

describe("a call", () => {
  it("throws the node's own error out of a problem document", async () => {
    const { client } = await serving((_, response) =>
      problem(response, 404, "query.not-found", { advice: "Look in the list.", key: "x" }),
    );
    const error = await refusalOf(getRecord(client(), { key: "x" }));
    expect(error.code).toBe("query.not-found");
    expect(error.message).toBe("no: query.not-found");
    expect(error.advice).toBe("Look in the list.");
    expect(error.payload).toEqual({ key: "x", status: 404 });
  });

  it("takes an answer without a problem document for sdk.refused", async () => {
    const { client } = await serving((_, response) =>
      response.writeHead(502, { "content-type": "text/html" }).end("<p>"),
    );
    expect(await refusalOf(getStatus(client()))).toMatchObject({ code: "sdk.refused", payload: { status: 502 } });
  });

  it("says sdk.unreachable with the address where nothing listens", async () => {
    const served = await serve((_, response) => response.end());
    await served.close();
    const error = await refusalOf(getStatus(served.client()));
    expect(error).toMatchObject({ code: "sdk.unreachable", payload: { url: `${served.url}/status` } });
    expect(error.advice).toContain("hansa up");
  });

  it("says sdk.unreachable where the connection breaks in the middle of the answer", async () => {
    const { client } = await serving((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write('{"version":', () => response.destroy());
    });
    expect((await refusalOf(getStatus(client()))).code).toBe("sdk.unreachable");
  });

  it("gives up with sdk.timeout where the node stays silent before or within the answer", async () => {
    const { client } = await serving((arrived, response) => {
      if (arrived.path === "/status") return;
      response.writeHead(200, { "content-type": "application/json" });
      response.write("{");
    });
    expect((await refusalOf(getStatus(client({ timeout: 30 })))).code).toBe("sdk.timeout");
    expect((await refusalOf(getRecord(client({ timeout: 30 }), { key: "x" }))).code).toBe("sdk.timeout");
  });

  it("ends with the reason of the caller's signal", async () => {
    const stop = new AbortController();
    const { client } = await serving(() => stop.abort(new Error("enough")));
    await expect(getStatus(client(), { signal: stop.signal })).rejects.toThrow("enough");
  });

  it("refuses an answer over the limit, however it is sent", async () => {
    const { client } = await serving((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(`"${"x".repeat(5000)}"`);
    });
    expect((await refusalOf(getStatus(client({ maxBytes: 1000 })))).code).toBe("sdk.answer-too-large");
  });

  it("refuses what is not JSON or not UTF-8", async () => {
    const { client } = await serving((arrived, response) =>
      response.end(arrived.path === "/status" ? "hello" : Uint8Array.of(0x22, 0xff, 0x22)),
    );
    expect((await refusalOf(getStatus(client()))).code).toBe("sdk.answer");
    expect((await refusalOf(getRecord(client(), { key: "x" }))).code).toBe("sdk.answer");
  });

  it("follows no redirection", async () => {
    const { client, url } = await serving((arrived, response) =>
      arrived.path === "/status" ? response.writeHead(307, { location: `${url}/other` }).end() : json(response, {}),
    );
    expect((await refusalOf(getStatus(client()))).code).toBe("sdk.unreachable");
  });

  it("shows a token, signed by the client's key, only where the route wants one", async () => {
    const { client, arrived } = await serving((_, response) => json(response, { items: [] }));
    const one = client({ now: () => 1_700_000_000_000 });
    await getStatus(one);
    await readEvents(one, { topic: "acme/things" });
    await readEvents(one, { topic: "acme/things" });
    expect(arrived[0]?.headers.authorization).toBeUndefined();
    const token = arrived[1]?.headers.authorization?.replace("Bearer ", "") ?? "";
    expect(decodeConnectionToken(token).claims).toMatchObject({ iss: PARTY.did, aud: GROUP, iat: 1_700_000_000 });
    expect(arrived[2]?.headers.authorization).toBe(arrived[1]?.headers.authorization);
  });

  it("signs every read of a group by itself: that very path and query, behind a prefix of a proxy as well", async () => {
    const { client, arrived, url } = await serving((_, response) => json(response, { items: [] }));
    for (const base of [url, `${url}/behind/proxy`]) {
      const one = client({ url: base });
      await getRecord(one, { key: "it's/ü (odd) & more" });
      await getRecord(one, { key: "it's/ü (odd) & more" });
    }
    const claims = arrived.map(({ headers }) => {
      const [scheme, token] = (headers.authorization ?? "").split(" ");
      expect(scheme).toBe("Hansa-Request");
      return decodeRequestToken(token ?? "").claims;
    });
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(4);
    expect(new Set(claims.map(({ htu }) => htu)).size).toBe(1);
    expect(claims[0]).toMatchObject({ iss: PARTY.did, aud: GROUP, htm: "GET" });
    const sent = new URL(claims[0]?.htu ?? "", url);
    expect(sent.searchParams.get("key")).toBe("it's/ü (odd) & more");
  });

  it("signs a fresh token before the old one runs out", async () => {
    const { client, arrived } = await serving((_, response) => json(response, { items: [] }));
    let now = 1_700_000_000_000;
    const one = client({ now: () => now });
    await readEvents(one, { topic: "a" });
    now += 545_000;
    await readEvents(one, { topic: "a" });
    expect(arrived[1]?.headers.authorization).not.toBe(arrived[0]?.headers.authorization);
  });
});

describe("the group", () => {
  const status = (names: string[]) => ({
    version: "0.1.0",
    member: PARTY.did,
    groups: names.map((name) => ({ id: GROUP.replace("main", name), name, engine: "solo", height: 1, root: "" })),
  });

  it("is the only one of the node where none is named, and is asked for once", async () => {
    const { client, arrived } = await serving((one, response) =>
      json(response, one.path === "/status" ? status(["main"]) : { items: [] }),
    );
    const one = client({ group: undefined });
    await query(one, "members.list", {});
    await query(one, "members.list", { limit: 5 });
    expect(arrived.map(({ path }) => path)).toEqual([
      "/status",
      `/groups/${GROUP}/queries/members.list`,
      `/groups/${GROUP}/queries/members.list`,
    ]);
    expect(arrived[2]?.query.get("limit")).toBe("5");
  });

  it("is found by its name", async () => {
    const { client, arrived } = await serving((one, response) =>
      json(response, one.path === "/status" ? status(["main", "side"]) : {}),
    );
    await getIdentity(client({ group: "side" }), PARTY.did, { version: 2 });
    expect(arrived[1]?.path).toBe(`/groups/${GROUP.replace("main", "side")}/queries/identity.resolve`);
    expect(arrived[1]?.query.get("version")).toBe("2");
  });

  it("is refused where several fit or none, with the list of those that there are", async () => {
    const { client } = await serving((_, response) => json(response, status(["main", "side"])));
    for (const group of [undefined, "third"]) {
      const error = await refusalOf(query(client({ group }), "members.list", {}));
      expect(error.code).toBe("sdk.no-group");
      expect((error.payload as { groups: string[] }).groups).toHaveLength(2);
    }
  });
});

describe("listAll", () => {
  it("goes through all pages", async () => {
    const { client, arrived } = await serving((one, response) => {
      const after = Number(one.query.get("after") ?? "0");
      json(response, { items: [after + 1, after + 2], ...(after < 4 ? { next: String(after + 2) } : {}) });
    });
    const items: unknown[] = [];
    for await (const item of listAll(client(), "devices.list", { limit: 2 })) items.push(item);
    expect(items).toEqual([1, 2, 3, 4, 5, 6]);
    expect(arrived).toHaveLength(3);
  });

  it("ends where the node answers the same place again", async () => {
    const { client, arrived } = await serving((_, response) => json(response, { items: [1], next: "x" }));
    const items: unknown[] = [];
    for await (const item of listAll(client(), "devices.list", {})) items.push(item);
    expect(items).toEqual([1, 1]);
    expect(arrived).toHaveLength(2);
  });
});

describe("createClient", () => {
  it("refuses addresses that are no plain http URL, and does not repeat their credentials", () => {
    for (const url of ["nonsense", "ftp://host", "http://host/?a=1", "http://host/#x", "http://me:secret@host"]) {
      let thrown: unknown;
      try {
        createClient({ url });
      } catch (error) {
        thrown = error;
      }
      expect(thrown, url).toMatchObject({ code: "sdk.url" });
      expect(JSON.stringify(thrown)).not.toContain("secret");
    }
  });
});
