import { afterEach, describe, expect, it } from "vitest";
import { isHansaError } from "#base";
import * as sdk from "#sdk";
import { json, problem, serve } from "../../server.suite.ts";

const credential = { id: "urn:example:1", type: ["VerifiableCredential"] };
const LIST = "https://node.example/status-lists/abc";
const ENTRY = { type: "BitstringStatusListEntry", statusPurpose: "revocation" } as const;

/** What each action sends, and what it makes of this answer. */
const CASES: readonly [
  name: string,
  call: (client: sdk.Client) => Promise<unknown>,
  sent: readonly [method: string, path: string, body?: object],
  answer: object,
  gives: unknown,
][] = [
  [
    "requestCredential",
    (client) => sdk.requestCredential(client, credential, { issuer: "labels" }),
    ["POST", "/credentials/issue", { credential, options: { issuer: "labels" } }],
    { verifiableCredential: credential },
    credential,
  ],
  [
    "requestVerification",
    (client) => sdk.requestVerification(client, credential, { recognised: true }),
    ["POST", "/credentials/verify", { verifiableCredential: credential, options: { recognised: true } }],
    { verified: true },
    { verified: true },
  ],
  [
    "requestDerivation",
    (client) => sdk.requestDerivation(client, credential, ["/a"]),
    ["POST", "/credentials/derive", { verifiableCredential: credential, options: { selectivePointers: ["/a"] } }],
    { verifiableCredential: credential },
    credential,
  ],
  [
    "requestStatusChange",
    (client) =>
      sdk.requestStatusChange(client, { credentialId: "urn:example:1", credentialStatus: ENTRY, status: true }),
    ["POST", "/credentials/status", { credentialId: "urn:example:1", credentialStatus: ENTRY, status: true }],
    { statusListCredential: LIST },
    { statusListCredential: LIST },
  ],
  [
    "requestPresentation",
    (client) => sdk.requestPresentation(client, { type: "x" }, { challenge: "c", domain: "d" }),
    ["POST", "/presentations", { presentation: { type: "x" }, options: { challenge: "c", domain: "d" } }],
    { verifiablePresentation: { type: "x" } },
    { type: "x" },
  ],
  [
    "requestPresentationVerification",
    (client) => sdk.requestPresentationVerification(client, "a.b.c", { challenge: "c", domain: "d" }),
    ["POST", "/presentations/verify", { verifiablePresentation: "a.b.c", options: { challenge: "c", domain: "d" } }],
    { verified: true },
    { verified: true },
  ],
  [
    "requestChallenge",
    (client) => sdk.requestChallenge(client, "shop.example"),
    ["POST", "/challenges", { domain: "shop.example" }],
    { challenge: "c" },
    { challenge: "c" },
  ],
  [
    "keepCredential",
    (client) => sdk.keepCredential(client, credential),
    ["POST", "/credentials", { verifiableCredential: credential }],
    { id: "urn:example:1" },
    "urn:example:1",
  ],
  [
    "listKeptCredentials",
    (client) => sdk.listKeptCredentials(client, "x"),
    ["GET", "/credentials"],
    { items: [] },
    { items: [] },
  ],
  [
    "getKeptCredential",
    (client) => sdk.getKeptCredential(client, "urn:a/b"),
    ["GET", "/credentials/urn:a/b"],
    { verifiableCredential: credential },
    credential,
  ],
  ["dropKeptCredential", (client) => sdk.dropKeptCredential(client, "x"), ["DELETE", "/credentials/x"], {}, undefined],
  [
    "getStatusList",
    (client) => sdk.getStatusList(client, "abc"),
    ["GET", "/status-lists/abc"],
    { id: LIST },
    { id: LIST },
  ],
];

const closers: (() => Promise<void>)[] = [];
afterEach(() => Promise.all(closers.splice(0).map((close) => close())));

describe("actions of the VC API", () => {
  it.each(CASES)(
    "%s sends its request in the signer's name, and gives what it holds",
    async (name, call, sent, answer, gives) => {
      const served = await serve((_, response) => json(response, answer, 201));
      closers.push(served.close);
      expect(await call(served.client())).toEqual(gives);
      const [arrived] = served.arrived;
      const [method, path, body] = sent;
      expect([arrived?.method, arrived?.path]).toEqual([method, path]);
      if (body !== undefined) expect(JSON.parse(arrived?.body ?? "")).toEqual(body);
      const { authorization } = arrived?.headers ?? {};
      if (name !== "getStatusList") expect(authorization).toMatch(/^Bearer /);
      expect(served.arrived.length).toBe(1);
    },
  );

  it("need no signer where the node is open, and throw what does not hold", async () => {
    const served = await serve((_, response) => problem(response, 422, "credentials.signature", { verified: false }));
    closers.push(served.close);
    const client = served.client({ signer: undefined });
    const error = await sdk.requestVerification(client, credential).catch((thrown: unknown) => thrown);
    expect(isHansaError(error, "credentials.signature")).toBe(true);
    expect(served.arrived[0]?.headers.authorization).toBeUndefined();
  });
});
