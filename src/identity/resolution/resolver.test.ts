import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HansaError } from "#base";
import type { DidDocument } from "#protocol";
import type { DidMethod, MethodOptions } from "./method.ts";
import { DidResolver } from "./resolver.ts";

const DID = "did:example:123";
const NOBODY = { mayRead: () => false };

const DOCUMENT: DidDocument = {
  "@context": "https://www.w3.org/ns/did/v1",
  id: DID,
  verificationMethod: [{ id: `${DID}#keys-1`, type: "Multikey", controller: DID, publicKeyMultibase: "z6Mk" }],
  authentication: [`${DID}#keys-1`, { id: "#keys-2", type: "Multikey", controller: DID, publicKeyMultibase: "z6Ml" }],
  service: [
    { id: `${DID}#messages`, type: "Messages", serviceEndpoint: "https://example.com/messages/8377464" },
    {
      id: "#files",
      type: ["Files", "Store"],
      serviceEndpoint: ["https://example.com/files/", { uri: "x" }, "https://b.example/"],
    },
    { id: `${DID}#marked`, type: "Marked", serviceEndpoint: "https://example.com/#here" },
    { id: `${DID}#odd`, type: "Odd", serviceEndpoint: "https://example.com/a\r\nset-cookie: b" },
    { id: `${DID}#map`, type: "Map", serviceEndpoint: { uri: "https://example.com" } },
  ],
};

const asked: MethodOptions[] = [];
const method: DidMethod = {
  name: "example",
  options: ["versionId", "versionTime"],
  resolve({ id }, options) {
    asked.push(options);
    return id === "gone"
      ? { document: null, metadata: { deactivated: true } }
      : { document: DOCUMENT, metadata: { versionId: "7" } };
  },
};
const resolver = new DidResolver([method]);
const ask = (url: string, options: Record<string, string> = {}) => resolver.dereference(url, options, NOBODY);

async function codeOf(url: string, options: Record<string, string> = {}): Promise<string> {
  try {
    await ask(url, options);
    return "answered";
  } catch (error) {
    expect(error, url).toBeInstanceOf(HansaError);
    return (error as HansaError).code;
  }
}

describe("the resolver", () => {
  it("answers a DID with its document and what is known of it", async () => {
    expect(await ask(DID)).toEqual({ content: DOCUMENT, metadata: { versionId: "7" }, whole: true });
    expect(await ask("did:example:gone")).toMatchObject({ content: null, metadata: { deactivated: true } });
    expect(await ask("did:example:gone#keys-1")).toMatchObject({ content: null, whole: false });
  });

  it("hands on parameters of the DID URL and options beside it as one, and refuses two that differ", async () => {
    await ask(`${DID}?versionId=2`);
    expect(asked.at(-1)).toEqual({ versionId: "2" });
    await ask(`${DID}?versionId=2`, { versionId: "2" });
    expect(asked.at(-1)).toEqual({ versionId: "2" });
    expect(await codeOf(`${DID}?versionId=2`, { versionId: "3" })).toBe("resolution.options");
    expect(await codeOf(DID, { versionId: "2", versionTime: "2026-01-31T12:00:00Z" })).toBe("resolution.options");
  });

  it.each([
    ["did:unknown:1", {}, "resolution.method"],
    ["did:example", {}, "resolution.did"],
    [`${DID}?a=%`, {}, "resolution.did-url"],
    [DID, { publicKeyFormat: "JsonWebKey" }, "resolution.feature"],
    [DID, { expandRelativeUrls: "true" }, "resolution.feature"],
    [DID, { constructor: "1" }, "resolution.feature"],
    [`${DID}/whois`, {}, "resolution.not-found"],
    [`${DID}?transformKey=JsonWebKey`, {}, "resolution.not-found"],
    [`${DID}#keys-9`, {}, "resolution.not-found"],
    [`${DID}#`, {}, "resolution.not-found"],
    [`${DID}?service=none`, {}, "resolution.not-found"],
    [`${DID}?relativeRef=%2Fa`, {}, "resolution.did-url"],
  ])("refuses %s %j with %s", async (url, options, code) => {
    expect(await codeOf(url, options)).toBe(code);
  });
});

describe("a fragment", () => {
  it.each([
    ["keys-1", "z6Mk"],
    ["keys-2", "z6Ml"],
  ])("%s names a verification method, wherever it stands in the document", async (fragment, publicKeyMultibase) => {
    const { content, whole } = await ask(`${DID}#${fragment}`);
    expect(content).toMatchObject({ "@context": DOCUMENT["@context"], type: "Multikey", publicKeyMultibase });
    expect(whole).toBe(false);
  });

  it("names a service", async () => {
    expect((await ask(`${DID}#files`)).content).toMatchObject({ type: ["Files", "Store"] });
  });
});

describe("a service parameter", () => {
  const endpointsOf = async (query: string) => (await ask(`${DID}?${query}`)).endpoints;

  it("selects by id, relative or whole, and by type", async () => {
    for (const service of ["messages", "%23messages", encodeURIComponent(`${DID}#messages`)])
      expect(await endpointsOf(`service=${service}`)).toEqual(["https://example.com/messages/8377464"]);
    for (const type of ["Files", "Store"])
      expect(await endpointsOf(`serviceType=${type}`)).toEqual(["https://example.com/files/", "https://b.example/"]);
    expect(await codeOf(`${DID}?service=messages&serviceType=Files`)).toBe("resolution.not-found");
    expect(await endpointsOf("service=map")).toEqual([]);
    const { content } = await ask(`${DID}?service=messages`);
    expect(content?.["service"]).toHaveLength(1);
  });

  it("is joined with relativeRef and fragment as RFC 3986 §5 joins them", async () => {
    expect(await endpointsOf("service=files&relativeRef=a%2Fb%3Fc%3Dd")).toEqual([
      "https://example.com/files/a/b?c=d",
      "https://b.example/a/b?c=d",
    ]);
    expect(await endpointsOf("service=messages&relativeRef=%2Fsome%2Fpath%3Fquery#frag")).toEqual([
      "https://example.com/some/path?query#frag",
    ]);
    expect(await codeOf(`${DID}?service=marked#x`)).toBe("resolution.did-url");
  });

  it.each([
    "//evil.example/",
    "https://evil.example/",
    "http:x",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/a b",
    "/\r\nx: y",
  ])("does not lead to anywhere by relativeRef %j", async (reference) => {
    const code = await codeOf(`${DID}?service=messages&relativeRef=${encodeURIComponent(reference)}`);
    expect(code).toBe("resolution.did-url");
  });

  it("keeps what would break a header out of it", async () => {
    expect((await endpointsOf("service=odd"))?.[0]).toMatch(/^[\x21-\x7e ]+$/);
  });

  it("never leads out of the service's host, whatever relativeRef is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.webUrl(), fc.string({ unit: "binary" }), fc.webPath()), async (reference) => {
        try {
          const { endpoints } = await ask(DID, { service: "messages", relativeRef: reference });
          expect(new URL(endpoints?.[0] as string).host).toBe("example.com");
        } catch (error) {
          expect(error).toMatchObject({ code: "resolution.did-url" });
        }
      }),
    );
  });
});
