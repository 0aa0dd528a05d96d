import { compareText } from "#base";
import { encodeMultikey } from "#crypto";
import { defineCommand } from "../../command.ts";
import { configuredMember } from "../../home/facts.ts";
import { loadIdentities } from "../../home/identities.ts";

export const keyList = defineCommand({
  name: "list",
  summary: "List the keys of the home and the identities that they sign for. Needs no node.",
  examples: ["hansa key list", "hansa key list --home ./acme --json"],
  async run(shell) {
    const stored = (await shell.keys()).list();
    const { default: first, identities } = loadIdentities(shell.home);
    const own = configuredMember(shell.home) ?? first;
    const items = stored.map(({ name, algorithm, publicKey, created }) => {
      const found = Object.entries(identities)
        .filter(([, identity]) => identity.key === name)
        .sort(([a], [b]) => compareText(a, b));
      return {
        key: name,
        algorithm,
        publicKey: encodeMultikey({ algorithm, bytes: publicKey }),
        created,
        identities: found.map(([identity, { did }]) => ({ name: identity, did, default: identity === own })),
      };
    });
    const rows = items.map((item) => [
      item.key,
      item.algorithm,
      shell.time(item.created),
      item.identities.map(({ name, default: signs }) => (signs ? `${name} (default)` : name)).join(", "),
      item.identities.map(({ did }) => shell.id(did)).join(", "),
      item.publicKey,
    ]);
    return {
      json: { items },
      text: shell.table(["key", "algorithm", "created", "identity", "did", "public key"], rows, "no keys"),
    };
  },
});
