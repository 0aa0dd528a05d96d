import { decodeMultikey, type PublicKey } from "#crypto";
import { operation, type Relationship } from "#protocol";
import { defineCommand } from "../../command.ts";
import { createKey, type KeyOptions } from "../../home/create-key.ts";
import { saveIdentity } from "../../home/identities.ts";
import { parseList } from "../../parse.ts";
import type { TransactOptions } from "../../shell.ts";

interface Options extends TransactOptions, KeyOptions {
  readonly relationships?: string[];
  readonly controllers?: string[];
}

export const didCreate = defineCommand<[key: string], Options>({
  name: "create",
  summary: "Create a DID on the ledger, with a key of the home (made if there is none of that name) or a public key.",
  arguments: [{ name: "<key>", description: "name for the key and the identity, or another's public key as Multikey" }],
  options: [
    { flags: "--algorithm <name>", description: "of a new key", choices: ["Ed25519", "P-256", "secp256k1"] },
    { flags: "--relationships <names>", description: "what the key may do; with commas between", parse: parseList },
    { flags: "--controllers <dids>", description: "who else may change it; with commas between", parse: parseList },
  ],
  examples: [
    "hansa did create lamp --as acme",
    "hansa did create alice --algorithm P-256 --controllers acme --as acme",
    "hansa did create z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK --as acme",
  ],
  transacts: true,
  async run(shell, options, key) {
    const own = decodeMultikey(key) === undefined ? await createKey(shell, key, options, true) : undefined;
    const publicKey = own?.publicKey ?? key;
    const did = own?.did ?? (await shell.didOfKey(decodeMultikey(key) as PublicKey));
    const controllers = await Promise.all((options.controllers ?? []).map((name) => shell.did(name)));
    const args = {
      publicKey,
      ...(options.relationships === undefined ? {} : { relationships: options.relationships as Relationship[] }),
      ...(controllers.length === 0 ? {} : { controllers }),
    };
    // Kept before it is sent: a key whose DID is on the ledger must never be without its name.
    if (own !== undefined) saveIdentity(shell.home, key, own);
    const answer = await shell.transact([operation("identity.create", args)], options);
    return { json: { did, ...(answer.json as object) }, text: `${did}\n${answer.text}` };
  },
});
