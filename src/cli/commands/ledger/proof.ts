import { encodeProof, getProof, verifyProofFile } from "#sdk";
import { defineCommand } from "../../command.ts";
import { writeNewFile } from "../../home/files.ts";
import { trustedGroup } from "../../home/trusted-group.ts";

export const ledgerProof = defineCommand<[key: string], { out?: string }>({
  name: "proof",
  summary: "Fetch a proof file of one record's presence or absence, and check it.",
  arguments: [{ name: "<key>", description: "key of the record" }],
  options: [{ flags: "--out <file>", description: "where to write it; printed where left out" }],
  examples: ["hansa ledger proof topic/acme/things --out topic.json && hansa verify topic.json"],
  async run(shell, { out }, key) {
    const proof = await getProof(shell.client, { key }, { signal: shell.io.signal });
    const { group, records } = verifyProofFile(proof, { trust: trustedGroup(shell) });
    const file = encodeProof(proof);
    if (out === undefined) return { json: proof, text: file };
    writeNewFile(shell.path(out), `${file}\n`);
    const present = records[0]?.value === null ? "absent" : "present";
    return { json: proof, text: `${out}: ${key} is ${present} in ${group}, ${file.length} bytes` };
  },
});
