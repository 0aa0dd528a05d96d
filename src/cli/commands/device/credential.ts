import type { JsonObject } from "#base";
import type { LedgerFact, LedgerReading } from "#identity";
import type { DeviceView } from "#protocol";
import { encodeProof, getProof, query, verifyProofFile } from "#sdk";
import { defineCommand } from "../../command.ts";
import { handOutDocument, SUITES, type SuiteName } from "../../credentials/documents.ts";
import { cliError } from "../../errors.ts";
import { trustedGroup } from "../../home/trusted-group.ts";
import { type Moment, parseMoment } from "../../parse.ts";
import type { Shell } from "../../shell.ts";

interface Options {
  readonly fact: LedgerFact;
  readonly holder?: "device" | "owner";
  readonly lab?: string;
  readonly until?: Moment;
  readonly suite?: SuiteName;
  readonly format?: "data-integrity" | "jwt";
  readonly proof?: boolean;
  readonly out?: string;
}

export const deviceCredential = defineCommand<[device: string], Options>({
  name: "credential",
  summary: "Issue what the ledger keeps of a device as a credential, in the name of the member that vouches for it.",
  arguments: [{ name: "<device>", description: "DID of the device, or name of an identity of the home" }],
  options: [
    {
      flags: "--fact <fact>",
      description: "certification (the lab issues it), admission or ownership (the operating platform does)",
      choices: ["certification", "admission", "ownership"],
      required: true,
    },
    {
      flags: "--holder <who>",
      description: "of ownership: who is to present it (device)",
      choices: ["device", "owner"],
    },
    { flags: "--lab <did>", description: "of certification: which lab's, where several certified" },
    {
      flags: "--until <moment>",
      description: "when it ends, where the ledger's own end is later (90d)",
      parse: parseMoment,
    },
    { flags: "--suite <name>", description: "cryptosuite (eddsa-rdfc-2022 or ecdsa-rdfc-2019)", choices: SUITES },
    { flags: "--format <kind>", description: "proof in it, or JWT around it", choices: ["data-integrity", "jwt"] },
    { flags: "--no-proof", description: "leave the ledger's proof of the record out; it makes the credential larger" },
    { flags: "--out <file>", description: "write it into a new file" },
  ],
  examples: [
    "hansa device credential lamp --fact admission --as acme --out admission.json",
    "hansa device credential lamp --fact certification --as delphi --out certification.json",
    "hansa device credential lamp --fact ownership --holder owner --until 30d --as acme | hansa wallet receive -",
  ],
  async run(shell, options, name) {
    const credential = await readFact(shell, await shell.did(name), options);
    const { envelopCredential, issueCredential, issueJwtCredential } = await import("#identity");
    const { signerOf, suiteFor } = await import("../../credentials/signing.ts");
    const signer = await signerOf(shell, false);
    const { issuer } = credential;
    if (issuer !== signer.controller)
      throw cliError(
        "cli.argument",
        `${String(issuer)} vouches for this, and not ${signer.controller}: choose it with --as`,
        {
          issuer,
        },
      );
    const { suite, format, out } = options;
    const issued =
      format === "jwt"
        ? envelopCredential(issueJwtCredential(credential, signer), "application/vc+jwt")
        : await issueCredential(credential, signer, { suite: suiteFor(signer, suite), created: shell.io.now() });
    return handOutDocument(shell, issued, out, `${options.fact} of ${name}`);
  },
});

/** The record, its proof and what it comes to, all as of the end of one block. */
async function readFact(shell: Shell, device: string, options: Options): Promise<JsonObject> {
  const { admissionCredential, certificationCredential, evidenceKey, ownershipCredential } = await import("#identity");
  const { fact, holder, lab, until, proof: proved = true } = options;
  const how = { signal: shell.io.signal };
  const now = shell.io.now();
  const before = await query(shell.client, "devices.get", { device }, how);
  const proof = await getProof(shell.client, { key: evidenceKey(fact, before) }, how);
  const { group, height } = verifyProofFile(proof, { trust: trustedGroup(shell) });
  const reading: LedgerReading = {
    group,
    height,
    now,
    until: (until ?? parseMoment("90d"))(now),
    ...(proved ? { proof: encodeProof(proof) } : {}),
  };
  const view: DeviceView = await query(shell.client, "devices.get", { device, height }, how);
  switch (fact) {
    case "admission":
      return admissionCredential(view, reading);
    case "ownership":
      return ownershipCredential(view, reading, holder);
    case "certification": {
      const model = await query(shell.client, "devices.model", { model: view.model, height }, how);
      return certificationCredential(view, model, reading, lab);
    }
  }
}
