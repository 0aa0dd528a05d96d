import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { guardFetch } from "./guard-fetch.ts";

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const guarded = guardFetch(fetch);

it("hands out what is answered, with status and headers", async () => {
  const url = await serve((_, reply) => {
    reply.writeHead(418, { "content-type": "application/json" }).end('{"a":1}');
  });
  const response = await guarded(url);
  expect([response.status, response.headers.get("content-type"), await response.json()]).toEqual([
    418,
    "application/json",
    { a: 1 },
  ]);
});

it.each([
  "http://shop.example/",
  "http://127.0.0.1.shop.example/",
  "http://localhost.shop.example/",
  "https://me:secret@shop.example/",
  "ftp://shop.example/",
  "file:///etc/passwd",
  "data:text/plain,x",
  "no address",
  "",
])("sends nothing to %s", async (url) => {
  const never = guardFetch(() => expect.fail("it was sent"));
  await expect(never(url)).rejects.toMatchObject({ code: "openid.address" });
});

it("follows no redirect", async () => {
  const there = await serve((_, reply) => reply.end("{}"));
  const url = await serve((_, reply) => {
    reply.writeHead(302, { location: there }).end();
  });
  await expect(guarded(url)).rejects.toMatchObject({ code: "openid.peer" });
});

it("reads no endless answer, and says where nobody answers", async () => {
  const url = await serve((_, reply) => {
    const chunk = Buffer.alloc(64 * 1024);
    const more = () => {
      while (!reply.destroyed && reply.write(chunk));
    };
    reply.on("drain", more);
    more();
  });
  await expect(guarded(url)).rejects.toMatchObject({ code: "openid.peer", payload: { limit: 2 << 20 } });
  await expect(guarded("http://127.0.0.1:1/")).rejects.toMatchObject({ code: "openid.peer" });
});
