import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestNode, type TestNode } from "../../../node/http/node.suite.ts";
import { openTerminal, type RunOptions, type Terminal } from "../../terminal.suite.ts";

let terminal: Terminal;
let at: TestNode;
const PASSPHRASE = "a passphrase of several words";
const SECRET: RunOptions = { env: { HANSA_PASSPHRASE: PASSPHRASE }, now: Date.now() };

beforeAll(async () => {
  terminal = await openTerminal();
  at = await startTestNode({
    parameters: { reads: "parties" },
    more: { tls: { mode: "mutual" } },
    prepare: async (folder) => {
      const { exit, err } = await terminal.run(["cert", "init", "--host", "10.1.2.3", "--home", folder], SECRET);
      expect(err).toBe("");
      expect(exit).toBe(0);
    },
  });
});
afterAll(async () => {
  await at.close();
  await terminal.close();
});

const hansa = (args: readonly string[], options: RunOptions = SECRET) =>
  terminal.run([...args, "--home", at.folder, "--url", at.node.url], { now: Date.now(), ...options });

describe("hansa cert", () => {
  it("makes an authority once, which is bound to the member, and lists what it issued without a passphrase", async () => {
    expect((await hansa(["cert", "init"])).err).toContain("holds an authority already");
    const { json } = await hansa(["cert", "list", "--json"], {});
    expect(json).toMatchObject({ did: at.acme.did, hosts: ["localhost", "127.0.0.1", "::1", "10.1.2.3"] });
  });

  it("issues what a client needs into a folder of its own, and never over files that are there", async () => {
    const out = join(at.folder, "gateway");
    const issued = await hansa(["cert", "issue", "gateway", "--did", at.borea.did, "--out", out, "--json"]);
    expect(issued.json).toMatchObject({ did: at.borea.did, admin: false });
    expect(statSync(join(out, "key.pem")).mode & 0o077).toBe(0);
    expect(readFileSync(join(out, "ca.pem"), "utf8")).toBe(readFileSync(join(at.folder, "tls", "ca.pem"), "utf8"));
    expect((await hansa(["cert", "issue", "gateway", "--did", at.borea.did, "--out", out])).err).toContain(
      "exists already",
    );
    expect((await hansa(["cert", "issue", "a b", "--did", at.borea.did, "--out", `${out}2`])).exit).toBe(2);
  });

  it("lets commands at the node with `--cert`, without a token or passphrase, until it is revoked", async () => {
    const out = join(at.folder, "console");
    const { json } = await hansa(["cert", "issue", "console", "--did", "acme", "--admin", "--out", out, "--json"]);
    const shown = ["--ca", join(out, "ca.pem"), "--cert", join(out, "cert.pem"), "--key", join(out, "key.pem")];
    const list = await hansa(["member", "list", "--json", ...shown], {});
    expect(list.err).toBe("");
    expect(list.json).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ did: at.acme.did })]) });
    expect((await hansa(["status", ...shown], {})).out).toContain("solo");
    expect((await hansa(["member", "list"])).exit).toBe(3);
    const { serial } = json as { serial: string };
    expect((await hansa(["cert", "revoke", serial])).exit).toBe(0);
    expect((await hansa(["cert", "revoke", "12"])).err).toContain("no certificate 12");
    // The node takes note by itself: asked until it has.
    while ((await hansa(["member", "list", ...shown], {})).exit !== 3);
    expect((await hansa(["cert", "list"], {})).out).toContain("revoked");
  });

  it("checks an authority by its member's DID, and refuses one that somebody else vouches for", async () => {
    const files = [join(at.folder, "tls", "ca.pem"), join(at.folder, "tls", "ca.jwt")];
    const checked = await hansa(["cert", "check", ...files, "--offline", "--json"], {});
    expect(checked.json).toMatchObject([{ did: at.acme.did, by: "did" }]);
    const swapped = await hansa(["cert", "check", files[0] as string, files[0] as string, "--offline"], {});
    expect(swapped.exit).toBe(1);
    expect(swapped.err).toContain("tls.binding");
  });

  it("rotates the node's certificate and rolls the authority over while the node runs", async () => {
    const before = await hansa(["cert", "list", "--json"], {});
    expect((await hansa(["cert", "rotate", "--json"])).json).toMatchObject({ kind: "node" });
    expect((await hansa(["cert", "rollover", "--finish"])).err).toContain("no change of the authority is under way");
    expect((await hansa(["cert", "rollover", "--json"])).json).toMatchObject({
      authorities: [{ number: 2 }, { number: 1 }],
    });
    expect((await hansa(["cert", "rollover", "--finish", "--json"])).json).toMatchObject({
      authorities: [{ number: 2 }],
    });
    const after = await hansa(["cert", "list", "--json"], {});
    const count = ({ json }: typeof after) => (json as { certificates: unknown[] }).certificates.length;
    expect(count(after)).toBe(count(before) + 3);
  });
});
