/** The resolver of a node as operators run it: a process of its own, asked over HTTP and by the command line. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type DidDereferencingResult,
  type DidResolutionResult,
  operation,
  RESOLUTION_TYPES,
  routeUrl,
} from "#protocol";
import { type HttpsHost, startHttpsHost } from "../../src/identity/methods/web/https-host.suite.ts";
import { createIdentity } from "./devices.suite.ts";
import { Alliance, type Finished } from "./member.suite.ts";

let alliance: Alliance;
let host: HttpsHost;
let folder: string;
let web: string;

const EVERYDAY = { HANSA_LOG_LEVEL: "warn" };

/** The node believes the host's authority beside the usual ones. */
const up = () => alliance.up({ ...EVERYDAY, NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") });

beforeAll(async () => {
  host = await startHttpsHost((request, response) =>
    request.url === "/.well-known/did.json" ? response.end(JSON.stringify({ id: web })) : response.writeHead(404).end(),
  );
  web = `did:web:localhost%3A${host.port}`;
  folder = mkdtempSync(join(tmpdir(), "hansa-did-"));
  writeFileSync(join(folder, "ca.pem"), host.ca);
  alliance = await Alliance.create({ config: { identity: { didWeb: true, privateHosts: ["localhost"] } } });
  await up();
  await createIdentity(alliance, "alice");
  const { did } = alliance.party("alice");
  const service = { id: "files", type: "Files", endpoint: "https://example.org/files/" };
  await alliance.send("alice", [operation("identity.setService", { did, service })]);
});
afterAll(async () => {
  await alliance.remove();
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

async function resolve(did: string, options: Record<string, string> = {}) {
  const response = await fetch(routeUrl(alliance.node.url, "resolve", { did }, options));
  return { status: response.status, ...((await response.json()) as DidResolutionResult) };
}

function answerOf<Answer>({ code, stdout, stderr }: Finished): Answer {
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Answer;
}

describe("did:web", () => {
  it("is fetched from its host, where the configuration lets the node do so", async () => {
    expect(await resolve(web)).toMatchObject({ status: 200, didDocument: { id: web } });
    expect(await resolve(`${web}:none`)).toMatchObject({
      status: 404,
      didResolutionMetadata: { error: { type: "https://www.w3.org/ns/did#NOT_FOUND" } },
    });
  });

  it("of a private host that is not named is not called, and without the setting none is", async () => {
    const before = host.asked.length;
    const { status, didResolutionMetadata } = await resolve(`did:web:localhost.localdomain%3A${host.port}`);
    expect([status, didResolutionMetadata.error?.code]).toEqual([500, "resolution.unreachable"]);
    const plain = await Alliance.create();
    try {
      const { url } = await plain.up(EVERYDAY);
      const response = await fetch(routeUrl(url, "resolve", { did: web }));
      expect(response.status).toBe(501);
    } finally {
      await plain.remove();
    }
    expect(host.asked.length).toBe(before);
  });
});

describe("hansa did resolve", () => {
  it("answers a document with its metadata, of an identity of the home by its name", async () => {
    const { did } = alliance.party("acme");
    const found = answerOf<DidResolutionResult>(await alliance.hansa("did", "resolve", "acme", "--json"));
    expect(found).toMatchObject({
      didDocument: { id: did },
      didDocumentMetadata: { method: { group: alliance.groupId } },
    });
    const { code, stdout } = await alliance.hansa("did", "resolve", "acme", "--group", "main");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^version +1$/m);
    expect(stdout).toMatch(/^status +active$/m);
    expect(stdout).toContain('"verificationMethod"');
  });

  it("answers earlier versions", async () => {
    const { did } = alliance.party("alice");
    const first = answerOf<DidResolutionResult>(
      await alliance.hansa("did", "resolve", did, "--version-id", "1", "--json"),
    );
    expect(first.didDocumentMetadata).toMatchObject({ versionId: "1", nextVersionId: "2" });
    const { nextUpdate = "" } = first.didDocumentMetadata;
    const later = answerOf<DidResolutionResult>(
      await alliance.hansa("did", "resolve", did, "--version-time", nextUpdate, "--json"),
    );
    expect(later.didDocumentMetadata.versionId).toBe("2");
  });

  it("answers keys by their fragment, and where services are", async () => {
    const { did, kid } = alliance.party("alice");
    const key = answerOf<DidDereferencingResult>(await alliance.hansa("did", "resolve", kid, "--json"));
    expect(key.content).toMatchObject({ id: kid, type: "Multikey" });
    const { stdout } = await alliance.hansa("did", "resolve", `${did}?service=files&relativeRef=manual.pdf`);
    expect(stdout).toContain("https://example.org/files/manual.pdf");
  });

  it("says what is wrong, with code and advice, and ends with 1", async () => {
    for (const [did, code] of [
      ["did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3", "resolution.not-found"],
      ["did:unheard:of", "resolution.method"],
      ["did:key:z6Mk", "resolution.did"],
    ] as const) {
      const finished = await alliance.hansa("did", "resolve", did);
      expect(finished.code).toBe(1);
      expect(finished.stderr).toContain(code);
    }
  });
});

describe("the history of a DID", () => {
  it("is the same after the node was killed and started again", async () => {
    const { did } = alliance.party("alice");
    const before = await Promise.all(["1", "2"].map((versionId) => resolve(did, { versionId })));
    await alliance.end("SIGKILL");
    await up();
    const after = await Promise.all(["1", "2"].map((versionId) => resolve(did, { versionId })));
    const withoutHeight = (answers: typeof before) =>
      answers.map(({ status, didDocument, didDocumentMetadata: { method: _, ...rest } }) => ({
        status,
        didDocument,
        rest,
      }));
    expect(withoutHeight(after)).toEqual(withoutHeight(before));
    expect(after.map(({ status }) => status)).toEqual([200, 200]);
    const response = await fetch(routeUrl(alliance.node.url, "resolve", { did }), {
      headers: { accept: RESOLUTION_TYPES.document },
    });
    expect(response.headers.get("content-type")).toBe("application/did");
  });
});
