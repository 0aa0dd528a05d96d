import { decodeMultikey, type PublicKey } from "#crypto";
import { operation, type Relationship } from "#protocol";
import { defineCommand } from "../../command.ts";
import { saveIdentity } from "../../home/identities.ts";
import { parseList } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

export const didAddKey = defineCommand<[did: string, key: string], TransactOptions & { relationships: string[] }>({
  name: "add-key",
  summary: "Add a key to a DID. A key of the home is from then on an identity that signs for that DID.",
  arguments: [
    { name: "<did>", description: "DID, or name of an identity of the home" },
    { name: "<key>", description: "name of a key of the home, or a public key as Multikey" },
  ],
  options: [
    {
      flags: "--relationships <names>",
      description: "authentication, assertionMethod, capabilityInvocation, capabilityDelegation; with commas between",
      parse: parseList,
      required: true,
    },
  ],
  examples: ["hansa did add-key acme laptop --relationships authentication"],
  transacts: true,
  async run(shell, options, did, key) {
    const subject = await shell.did(did);
    const publicKey = await shell.multikey(key);
    const relationships = options.relationships as Relationship[];
    const answer = await shell.transact(
      [operation("identity.addKey", { did: subject, publicKey, relationships })],
      options,
    );
    const { algorithm } = decodeMultikey(publicKey) as PublicKey;
    if (key !== publicKey) saveIdentity(shell.home, key, { did: subject, key, algorithm, publicKey });
    return answer;
  },
});
