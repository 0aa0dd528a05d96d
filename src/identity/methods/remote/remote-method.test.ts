import { describe, expect, it } from "vitest";
import type { DidDocument, DidResolutionResult } from "#protocol";
import { DidResolver } from "../../resolution/resolver.ts";
import { remoteMethod } from "./remote-method.ts";

const DID = "did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3";
const nobody = { mayRead: () => false };

function resolverOf(didDocument: DidDocument | null, didDocumentMetadata: object = {}) {
  const asked: string[] = [];
  const ask = async (did: string): Promise<DidResolutionResult> => {
    asked.push(did);
    return { didDocument, didResolutionMetadata: {}, didDocumentMetadata };
  };
  return { resolver: new DidResolver([remoteMethod("hansa", ask)]), asked };
}

describe("a method of another resolver", () => {
  it("answers what that resolver does, for a DID and for a part of its document", async () => {
    const key = { id: `${DID}#key`, type: "Multikey", controller: DID };
    const { resolver, asked } = resolverOf({ id: DID, verificationMethod: [key] }, { versionId: "3" });
    expect(await resolver.dereference(DID, {}, nobody)).toMatchObject({
      content: { id: DID },
      metadata: { versionId: "3" },
    });
    expect((await resolver.dereference(`${DID}#key`, {}, nobody)).content).toEqual(key);
    expect(asked).toEqual([DID, DID]);
  });

  it("knows a deactivated DID from one that is not there", async () => {
    const gone = resolverOf(null, { deactivated: true });
    expect((await gone.resolver.dereference(DID, {}, nobody)).content).toBeNull();
    const { resolver } = resolverOf(null);
    await expect(resolver.dereference(DID, {}, nobody)).rejects.toThrow(
      expect.objectContaining({ code: "resolution.not-found" }),
    );
  });

  it("takes no options of its own", async () => {
    const { resolver } = resolverOf({ id: DID });
    await expect(resolver.dereference(DID, { versionId: "1" }, nobody)).rejects.toThrow(
      expect.objectContaining({ code: "resolution.feature" }),
    );
  });
});
