import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HansaError } from "#base";
import { parseDidUrl } from "../../resolution/did-url.ts";
import { type HttpsHost, startHttpsHost } from "./https-host.suite.ts";
import { isPublicAddress } from "./public-address.ts";
import { webAddressOf } from "./web-address.ts";
import { WebMethod } from "./web-method.ts";

let host: HttpsHost;
let did: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
beforeAll(async () => {
  host = await startHttpsHost((request, response) => answer(request, response));
  did = `did:web:localhost%3A${host.port}`;
});
afterAll(() => host.close());

const open = (more: object = {}) => new WebMethod({ privateHosts: ["LOCALHOST"], ca: host.ca, timeout: 2000, ...more });
const json = (value: unknown, status = 200, headers: Record<string, string> = {}) => {
  answer = (_, response) => {
    response.writeHead(status, { "content-type": "application/did+json", ...headers });
    response.end(typeof value === "string" ? value : JSON.stringify(value));
  };
};

async function codeOf(resolved: () => Promise<unknown>): Promise<string> {
  try {
    await resolved();
    return "resolved";
  } catch (error) {
    expect(error).toBeInstanceOf(HansaError);
    return (error as HansaError).code;
  }
}
const resolve = (text = did, method = open()) => method.resolve(parseDidUrl(text));

describe("the address of a did:web", () => {
  it.each([
    ["did:web:w3c-ccg.github.io", "w3c-ccg.github.io", 443, "/.well-known/did.json"],
    ["did:web:w3c-ccg.github.io:user:alice", "w3c-ccg.github.io", 443, "/user/alice/did.json"],
    ["did:web:example.com%3A3000", "example.com", 3000, "/.well-known/did.json"],
    ["did:web:example.com%3a3000:user:alice", "example.com", 3000, "/user/alice/did.json"],
    ["did:web:example.com:a%20b", "example.com", 443, "/a%20b/did.json"],
  ])("%s", (text, name, port, path) => {
    expect(webAddressOf(parseDidUrl(text))).toEqual({ host: name, port, path });
  });

  it.each([
    "did:web:127.0.0.1",
    "did:web:2130706433",
    "did:web:0x7f000001",
    "did:web:example.0x7f",
    "did:web:%5B%3A%3A1%5D",
    "did:web:example.com%3A",
    "did:web:example.com%3A0",
    "did:web:example.com%3A65536",
    "did:web:example.com%3A80%3A81",
    "did:web:user%40example.com",
    "did:web:example.com%2Fx",
    "did:web:example.com%23",
    "did:web:-a.example",
    "did:web:a..example",
    "did:web:example.com.",
    "did:web:example_1.com",
    "did:web:example.com::x",
    "did:web:example.com:..:x",
    "did:web:example.com:%2e%2e:x",
    "did:web:example.com:a%2Fb",
    "did:web:example.com:a%5Cb",
    "did:web:example.com:a%00b",
    "did:web:example.com:a%0D%0Ab",
    "did:web:example.com:a%252Fb",
    "did:web:example.com:%ff",
    `did:web:${"a".repeat(64)}.example`,
  ])("is none for %s", (text) => {
    expect(() => webAddressOf(parseDidUrl(text))).toThrow(expect.objectContaining({ code: "resolution.did" }));
  });

  it("is a plain name and a path without dots, whatever the DID", () => {
    const ids = fc.string({
      unit: fc.constantFrom(..."ab1.-:_", "%3A", "%2F", "%2e", "%00", "%C3%BC", "localhost"),
      maxLength: 20,
    });
    fc.assert(
      fc.property(ids, (id) => {
        try {
          const { host: name, path } = webAddressOf(parseDidUrl(`did:web:${id}`));
          const url = new URL(`https://${name}${path}`);
          expect([url.hostname, url.pathname]).toEqual([name, path]);
        } catch (error) {
          expect(error).toMatchObject({ code: "resolution.did" });
        }
      }),
      { numRuns: 2000, seed: 9 },
    );
  });
});

describe("addresses", () => {
  it.each(["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1"])(
    "%s is public",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ...[
      "0.0.0.0",
      "10.1.2.3",
      "100.64.0.1",
      "127.0.0.1",
      "127.255.255.255",
      "169.254.169.254",
      "172.16.0.1",
      "172.31.255.255",
    ],
    ...[
      "192.168.1.1",
      "192.0.2.1",
      "198.18.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "fe80::1",
      "fc00::1",
      "fd12::1",
    ],
    ...[
      "ff02::1",
      "::ffff:127.0.0.1",
      "::ffff:8.8.8.8",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "2001:0:1::",
      "2001:db8::1",
    ],
  ])("%s is not", (address) => expect(isPublicAddress(address)).toBe(false));
});

describe("did:web over HTTPS", () => {
  it("is the document of the host, at its root and under a path", async () => {
    json({ "@context": "https://www.w3.org/ns/did/v1", id: did, height: 1.5 });
    expect(await resolve()).toEqual({
      document: { "@context": "https://www.w3.org/ns/did/v1", id: did, height: 1.5 },
      metadata: {},
    });
    expect(host.asked.at(-1)).toBe("/.well-known/did.json");
    json({ id: `${did}:things:lamp` });
    expect((await resolve(`${did}:things:lamp`)).document).toEqual({ id: `${did}:things:lamp` });
    expect(host.asked.at(-1)).toBe("/things/lamp/did.json");
  });

  it.each([
    ["another id", () => ({ id: "did:web:example.com" })],
    ["no id", () => ({})],
    ["an array", () => [{ id: did }]],
    ["no object", () => "null"],
    ["no JSON", () => "<html></html>"],
    ["a key twice", () => `{"id":"${did}","id":"${did}"}`],
    ["__proto__", () => `{"id":"${did}","__proto__":{}}`],
    ["too deep a nesting", () => `{"id":"${did}","a":${"[".repeat(40)}${"]".repeat(40)}}`],
    ["too many bytes", () => ({ id: did, padding: "x".repeat(64 * 1024) })],
  ])("is refused with %s", async (_, make) => {
    json(make());
    expect(await codeOf(() => resolve())).toBe("resolution.document");
  });

  it("reads no more than it takes, of a body that never ends", async () => {
    let sent = 0;
    answer = (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384, 0x20))) sent += 16_384;
      };
      response.on("drain", more);
      more();
    };
    expect(await codeOf(() => resolve())).toBe("resolution.document");
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  it("is not found where the host has no such file, and not reached where it fails", async () => {
    for (const status of [404, 410]) {
      json("", status);
      expect(await codeOf(() => resolve())).toBe("resolution.not-found");
    }
    for (const status of [204, 401, 403, 500, 503]) {
      json("", status);
      expect(await codeOf(() => resolve())).toBe("resolution.unreachable");
    }
    answer = (_, response) => response.destroy();
    expect(await codeOf(() => resolve())).toBe("resolution.unreachable");
    answer = (_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{");
      setImmediate(() => response.destroy());
    };
    expect(await codeOf(() => resolve())).toBe("resolution.unreachable");
  });

  it("follows redirections within the host, three at most, and none out of it", async () => {
    const document = { id: did };
    let hops = 3;
    answer = (_, response) => {
      response.writeHead(hops > 0 ? 302 : 200, hops > 0 ? { location: `/moved/${hops}` } : {});
      response.end(hops-- > 0 ? "" : JSON.stringify(document));
    };
    expect((await resolve()).document).toEqual(document);
    expect(host.asked.at(-1)).toBe("/moved/1");
    hops = 4;
    expect(await codeOf(() => resolve())).toBe("resolution.unreachable");
    for (const location of [
      "https://example.com/did.json",
      `http://localhost:${host.port}/did.json`,
      `https://localhost:${host.port + 1}/did.json`,
      `https://127.0.0.1:${host.port}/did.json`,
      "//example.com/",
      "file:///etc/passwd",
      "https://",
    ]) {
      const before = host.asked.length;
      json("", 301, { location });
      expect(await codeOf(() => resolve()), location).toBe("resolution.unreachable");
      expect(host.asked.length).toBe(before + 1);
    }
  });

  it("gives up in time: on a host that is silent, and on one that dribbles", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((done) => silent.listen(0, "localhost", done));
    const { port } = silent.address() as { port: number };
    const started = performance.now();
    expect(await codeOf(() => resolve(`did:web:localhost%3A${port}`, open({ timeout: 200 })))).toBe(
      "resolution.unreachable",
    );
    silent.close();
    answer = (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(timer));
    };
    expect(await codeOf(() => resolve(did, open({ timeout: 200 })))).toBe("resolution.unreachable");
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("believes no certificate of an unknown authority, or of another name", async () => {
    json({ id: did });
    expect(await codeOf(() => resolve(did, new WebMethod({ privateHosts: ["localhost"] })))).toBe(
      "resolution.unreachable",
    );
    const other = await startHttpsHost((_, response) => response.end("{}"), ["elsewhere.example"]);
    try {
      const method = new WebMethod({ privateHosts: ["localhost"], ca: other.ca });
      expect(await codeOf(() => resolve(`did:web:localhost%3A${other.port}`, method))).toBe("resolution.unreachable");
      expect(other.asked).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it("calls no host of this machine or a private network, and says of it no more than of one that is not there", async () => {
    json({ id: did });
    const before = host.asked.length;
    const errors: unknown[] = [];
    for (const text of [did, "did:web:localhost%3A1"])
      await resolve(text, new WebMethod({ ca: host.ca })).catch((error: HansaError) => errors.push(error.toJSON()));
    expect(host.asked.length).toBe(before);
    expect(errors[0]).toMatchObject({ code: "resolution.unreachable" });
    expect(errors[0]).toEqual(errors[1]);
  });

  it("asks once for all who ask at a time, and lets only so many hosts be asked at once", async () => {
    const waiting: ServerResponse[] = [];
    answer = (_, response) => waiting.push(response);
    const method = open({ timeout: 30_000 });
    const before = host.asked.length;
    const same = [resolve(did, method), resolve(did, method)];
    const others = Array.from({ length: 31 }, (_, i) => resolve(`${did}:${i}`, method).catch(() => undefined));
    expect(await codeOf(async () => resolve(`${did}:more`, method))).toBe("resolution.unreachable");
    const until = async (count: number) => {
      while (waiting.length < count) await new Promise((done) => setImmediate(done));
    };
    await until(32);
    expect(host.asked.length).toBe(before + 32);
    for (const response of waiting) response.end(JSON.stringify({ id: did }));
    for (const { document } of await Promise.all(same)) expect(document).toEqual({ id: did });
    await Promise.all(others);
    json({ id: did });
    expect((await resolve(did, method)).document).toEqual({ id: did });
  });
});
