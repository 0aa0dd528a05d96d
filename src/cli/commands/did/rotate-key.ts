import { decodeMultikey, type PublicKey } from "#crypto";
import { fingerprintOf, operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { loadIdentities, saveIdentities } from "../../home/identities.ts";
import type { TransactOptions } from "../../shell.ts";

export const didRotateKey = defineCommand<[did: string, old: string, next: string], TransactOptions>({
  name: "rotate-key",
  summary:
    "Put a new key in an old one's place. Identities of the home that signed with the old one sign with the new one.",
  arguments: [
    { name: "<did>", description: "DID, or name of an identity of the home" },
    { name: "<old>", description: "the old key: its fingerprint, or its name in the home" },
    { name: "<new>", description: "the new key: its name in the home, or a public key as Multikey" },
  ],
  options: [],
  examples: ["hansa key create acme-2027 && hansa did rotate-key acme acme acme-2027 --as acme"],
  transacts: true,
  async run(shell, options, did, old, next) {
    const subject = await shell.did(did);
    const publicKey = await shell.multikey(next);
    const isFingerprint = /^[1-9A-HJ-NP-Za-km-z]{26,28}$/.test(old);
    const key = isFingerprint ? old : fingerprintOf(keyOf(await shell.multikey(old)));
    const answer = await shell.transact([operation("identity.rotateKey", { did: subject, key, publicKey })], options);
    if (next === publicKey || options.out !== undefined) return answer;
    const before = loadIdentities(shell.home);
    const identities = Object.entries(before.identities).map(([name, identity]) => {
      const rotated = identity.did === subject && fingerprintOf(keyOf(identity.publicKey)) === key;
      return [name, rotated ? { did: subject, key: next, algorithm: keyOf(publicKey).algorithm, publicKey } : identity];
    });
    saveIdentities(shell.home, { ...before, identities: Object.fromEntries(identities) });
    return answer;
  },
});

function keyOf(multikey: string): PublicKey {
  const key = decodeMultikey(multikey);
  if (key === undefined) throw cliError("cli.argument", "not a public key", { multikey });
  return key;
}
