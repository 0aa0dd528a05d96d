import { createServer } from "node:net";
import { expect, it } from "vitest";
import { findFreePorts } from "./free-ports.ts";

it("finds ports that can be listened on, each once, also when asked again before anybody listens", async () => {
  const ports = [...((await findFreePorts(20)) ?? []), ...((await findFreePorts(20)) ?? [])];
  expect(new Set(ports).size).toBe(40);
  const servers = ports.map((port) => createServer().listen(port, "127.0.0.1"));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once("listening", resolve))));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

it("finds none where so many are not to be had", async () => {
  expect(await findFreePorts(70_000)).toBeUndefined();
});
