import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { homeAt, initHome, startNode } from "#node";

const PASSPHRASE = "a passphrase of several words";

it("a node opens all of its groups or none: where one fails the others let go of what they had opened", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hansa-wire-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await initHome({
    folder,
    passphrase: PASSPHRASE,
    alliance: "hanse",
    group: "main",
    members: [{ name: "acme", roles: ["platform"] }],
    now: Date.now() - 1000,
    config: {
      http: { host: "127.0.0.1", port: 0 },
      mqtt: { host: "127.0.0.1", port: 0 },
      signatureThreads: 0,
      log: { level: "silent" },
    },
  });
  const home = homeAt(folder);
  const config = JSON.parse(readFileSync(home.configFile, "utf8")) as { groups: { name: string }[] };
  const main = home.group("main").genesis;
  const names = ["main", "second", "third"];
  for (const name of names.slice(1)) {
    const { genesis } = home.group(name);
    mkdirSync(dirname(genesis), { recursive: true });
    const text = JSON.parse(readFileSync(main, "utf8")) as object;
    writeFileSync(genesis, JSON.stringify({ ...text, group: name }));
    config.groups.push({ ...(config.groups[0] as { name: string }), name });
  }
  writeFileSync(home.configFile, JSON.stringify(config));

  const third = home.group("third").genesis;
  const kept = join(folder, "kept.json");
  copyFileSync(third, kept);
  writeFileSync(third, "{}");
  const start = () => startNode({ home: folder, passphrase: PASSPHRASE });
  await expect(start()).rejects.toMatchObject({ name: "HansaError" });

  // The files of the first two are free again.
  copyFileSync(kept, third);
  const node = await start();
  onTestFinished(() => node.close());
  expect(node.groups.map(({ name, height }) => ({ name, height }))).toEqual(names.map((name) => ({ name, height: 0 })));
});
