import { decodeMultikey } from "#crypto";
import { didOfKeyId, type IdentityRecord } from "#protocol";
import { getRecord } from "#sdk";
import { defineCommand } from "../../command.ts";
import type { Shell } from "../../shell.ts";

export const certCheck = defineCommand<[authorities: string, bindings: string], { offline?: boolean }>({
  name: "check",
  summary: "Check that an authority is a member's, before you trust it: ca.pem against the statements of ca.jwt.",
  arguments: [
    { name: "<authorities>", description: "ca.pem" },
    { name: "<bindings>", description: "ca.jwt" },
  ],
  options: [{ flags: "--offline", description: "ask no ledger: good only for members that never changed their key" }],
  examples: ["hansa cert check client/ca.pem client/ca.jwt", "hansa cert check ca.pem ca.jwt --offline"],
  async run(shell, { offline = false }, authorities, bindings) {
    const { checkBindings } = await import("#node");
    const keyOf = offline ? async () => undefined : (kid: string) => keyOnLedger(shell, kid);
    const checked = await checkBindings(
      await shell.readText(authorities),
      await shell.readText(bindings),
      keyOf,
      shell.io.now(),
    );
    const rows = checked.map(({ did, spki, until, by }) => [shell.id(did), shell.value(spki), shell.time(until), by]);
    return { json: checked, text: shell.table(["member", "authority", "until", "shown by"], rows) };
  },
});

/** Key of the DID as the node's ledger has it; `gone` where it has another. */
async function keyOnLedger(shell: Shell, kid: string) {
  const { value } = await getRecord(shell.client, { key: `identity/${didOfKeyId(kid)}` }, { signal: shell.io.signal });
  const identity = value as unknown as IdentityRecord | null;
  const key = identity?.keys.find(({ id }) => id === kid.slice(kid.indexOf("#") + 1));
  return (key === undefined || identity?.deactivated ? undefined : decodeMultikey(key.publicKey)) ?? "gone";
}
