import { createContext, Script } from "node:vm";
import { contexts as published } from "@digitalbazaar/credentials-context";
import { describe, expect, it } from "vitest";
import { bundlePage } from "../../../../test/browser.suite.ts";
import { BUNDLED_CONTEXTS, bundledContext, CREDENTIALS_V1, CREDENTIALS_V2 } from "./bundled-contexts.ts";

describe("the bundled contexts", () => {
  it("has those of both data models, their examples, Data Integrity, keys, DIDs and status lists", () => {
    for (const url of [
      CREDENTIALS_V1,
      CREDENTIALS_V2,
      "https://www.w3.org/2018/credentials/examples/v1",
      "https://www.w3.org/ns/credentials/examples/v2",
      "https://w3id.org/security/data-integrity/v1",
      "https://w3id.org/security/data-integrity/v2",
      "https://w3id.org/security/multikey/v1",
      "https://w3id.org/security/jwk/v1",
      "https://www.w3.org/ns/did/v1",
      "https://www.w3.org/ns/credentials/status/v1",
    ])
      expect(BUNDLED_CONTEXTS).toContain(url);
  });

  it("has the contexts of credentials as they are published", () => {
    for (const [url, context] of published) expect(bundledContext(url), url).toEqual(context);
  });

  it("has every context that one of its own names", () => {
    const named = (value: unknown): string[] =>
      typeof value === "string"
        ? value.startsWith("https:")
          ? [value]
          : []
        : Array.isArray(value)
          ? value.flatMap(named)
          : [];
    for (const url of BUNDLED_CONTEXTS) {
      const context = bundledContext(url)?.["@context"];
      expect(context, url).toBeDefined();
      for (const other of named(context)) expect(BUNDLED_CONTEXTS).toContain(other);
    }
  });

  it("hands out what nobody can change, and nothing for a URL that it does not have", () => {
    const context = bundledContext(CREDENTIALS_V2)?.["@context"] as Record<string, unknown>;
    expect(() => {
      context["name"] = "https://evil.example/name";
    }).toThrow(TypeError);
    expect(bundledContext("https://evil.example/context")).toBeUndefined();
  });

  it("is bundled for a browser without Node", async () => {
    const code = await bundlePage(new URL("./bundled-contexts.ts", import.meta.url));
    const context = createContext({});
    new Script(code).runInContext(context);
    expect([...new Script("hansa.BUNDLED_CONTEXTS").runInContext(context)]).toEqual(BUNDLED_CONTEXTS);
  });
});
