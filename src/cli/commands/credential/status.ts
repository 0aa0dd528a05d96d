import type { JsonObject } from "#base";
import { defineCommand } from "../../command.ts";
import { readDocument } from "../../credentials/documents.ts";
import { cliError } from "../../errors.ts";

export const credentialStatus = defineCommand<[file: string]>({
  name: "status",
  summary: "Show what the status lists of a credential say of it. The lists are fetched and verified.",
  arguments: [{ name: "<file>", description: "credential; - for standard input" }],
  examples: ["hansa credential status signed.json", "hansa credential status signed.json --json --pick 0.value"],
  async run(shell, _, file) {
    const { openBitstring, readBitstringEntry, readBitstringStatus, verifyCredential } = await import("#identity");
    const { fetchList, verifyOptionsOf } = await import("../../credentials/verifying.ts");
    const { credentialStatus: status, issuer } = await readDocument(shell, file);
    const entries = (status === undefined ? [] : Array.isArray(status) ? status : [status]) as JsonObject[];
    const demands = verifyOptionsOf(shell, {});
    const found = [];
    for (const entry of entries) {
      const read = readBitstringEntry(entry);
      const list = await fetchList(shell, read.list);
      if (typeof list !== "object")
        throw cliError("cli.file-malformed", `there is no status list at ${read.list}`, { path: read.list });
      const verified = await verifyCredential(list, { ...demands, checkStatus: false });
      const own = typeof issuer === "object" ? (issuer as JsonObject)["id"] : issuer;
      if (verified.issuer !== own)
        throw cliError("cli.file-malformed", "the status list is another issuer's than the credential", {
          path: read.list,
        });
      const { value, message } = readBitstringStatus(read, await openBitstring(list, read.bits));
      found.push({ purpose: read.purpose, value, message: message ?? null, list: read.list, index: read.index });
    }
    const rows = found.map(({ purpose, value, message, list, index }) => [
      purpose,
      shell.status(value === 0 ? "valid" : (message ?? (purpose === "revocation" ? "revoked" : "suspended"))),
      list,
      String(index),
    ]);
    const text = shell.table(["about", "says", "list", "entry"], rows, "the credential has no status");
    return { json: found, text };
  },
});
