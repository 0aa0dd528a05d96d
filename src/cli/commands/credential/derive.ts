import { defineCommand } from "../../command.ts";
import { handOutDocument, readDocument } from "../../credentials/documents.ts";
import { collect } from "../../parse.ts";

export const credentialDerive = defineCommand<[file: string], { show?: readonly string[]; out?: string }>({
  name: "derive",
  summary: "Derive of an ecdsa-sd-2023 credential one that shows no more than you choose. Needs no network and no key.",
  arguments: [{ name: "<file>", description: "credential as its issuer handed it out; - for standard input" }],
  options: [
    {
      flags: "--show <pointer>",
      description: "JSON pointer to what is shown; may be given several times",
      parse: collect,
    },
    { flags: "--out <file>", description: "write it into a new file" },
  ],
  examples: ["hansa credential derive signed.json --show /credentialSubject/energyClass --out shown.json"],
  async run(shell, { show = [], out }, file) {
    const { deriveCredential } = await import("#identity");
    const document = await readDocument(shell, file);
    return handOutDocument(shell, await deriveCredential(document, { selectivePointers: show }), out, "derived");
  },
});
