import { existsSync } from "node:fs";
import type { JsonObject } from "#base";
import type { StatusPurpose, UpdateStatusRequest } from "#protocol";
import { requestStatusChange } from "#sdk";
import { defineCommand } from "../../command.ts";
import { readDocument } from "../../credentials/documents.ts";
import { clientFor } from "../../credentials/node-client.ts";
import { cliError } from "../../errors.ts";
import type { Shell } from "../../shell.ts";

export const credentialRevoke = defineCommand<[credential: string], { suspend?: boolean; lift?: boolean }>({
  name: "revoke",
  summary: "Revoke a credential that the node issued, suspend it, or lift its suspension. A revocation is for good.",
  arguments: [{ name: "<credential>", description: "the credential's file, or its id" }],
  options: [
    { flags: "--suspend", description: "for a time" },
    { flags: "--lift", description: "end a suspension" },
  ],
  examples: [
    "hansa credential revoke signed.json",
    "hansa credential revoke urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33 --suspend",
  ],
  async run(shell, { suspend, lift }, given) {
    const purpose = suspend === true || lift === true ? "suspension" : "revocation";
    const request = await requestOf(shell, given, purpose);
    const client = await clientFor(shell);
    const how = { signal: shell.io.signal };
    const changed = await requestStatusChange(client, { ...request, status: lift !== true }, how);
    const text = shell.fields([
      ["status", shell.status(lift === true ? "valid" : suspend === true ? "suspended" : "revoked")],
      ["list", changed.statusListCredential],
      ["entry", changed.statusListIndex],
      ["version", String(changed.version)],
    ]);
    return { json: changed, text };
  },
});

async function requestOf(shell: Shell, given: string, statusPurpose: StatusPurpose): Promise<UpdateStatusRequest> {
  if (given !== "-" && !existsSync(shell.path(given)))
    return { credentialId: given, credentialStatus: { type: "BitstringStatusListEntry", statusPurpose } };
  const { credentialStatus } = await readDocument(shell, given);
  const entries = (Array.isArray(credentialStatus) ? credentialStatus : [credentialStatus]) as (
    | JsonObject
    | undefined
  )[];
  const entry = entries.find((one) => one?.["statusPurpose"] === statusPurpose);
  const { statusListCredential, statusListIndex } = entry ?? {};
  if (typeof statusListCredential !== "string" || typeof statusListIndex !== "string")
    throw cliError("cli.file-malformed", `${given} has no place in a status list for a ${statusPurpose}`, {
      path: given,
    });
  return {
    credentialStatus: { type: "BitstringStatusListEntry", statusPurpose, statusListCredential, statusListIndex },
  };
}
