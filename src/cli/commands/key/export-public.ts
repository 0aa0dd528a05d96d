import { defineCommand } from "../../command.ts";
import { loadIdentities } from "../../home/identities.ts";

export const keyExportPublic = defineCommand<[name: string]>({
  name: "export-public",
  summary: "Print a key's public part and DID as JSON, for a founding file or another member. Needs no node.",
  arguments: [{ name: "<name>", description: "of the key or identity" }],
  examples: ["hansa key export-public member > acme.json"],
  async run(shell, _, name) {
    const { identities } = loadIdentities(shell.home);
    const known = Object.hasOwn(identities, name) ? identities[name] : undefined;
    if (known !== undefined) {
      const { did, algorithm, publicKey } = known;
      const json = { name, did, algorithm, publicKey };
      return { json, text: JSON.stringify(json, null, 2) };
    }
    const publicKey = await shell.multikey(name);
    const { did, signer } = await shell.party(name);
    const json = { name, did, algorithm: signer.algorithm, publicKey };
    return { json, text: JSON.stringify(json, null, 2) };
  },
});
