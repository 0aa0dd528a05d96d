import { type Attestation, signAttestation } from "#protocol";
import { defineCommand } from "../../command.ts";
import { writeNewFile } from "../../home/files.ts";

interface Options {
  readonly nonce: string;
  readonly platform: string;
  readonly model: string;
  readonly firmware: string;
  readonly digest: string;
  readonly lifecycle: Attestation["lifecycle"];
  readonly out?: string;
}

export const deviceAttest = defineCommand<[device: string], Options>({
  name: "attest",
  summary: "Sign an attestation with a device's key of this home: what a device does by itself. Sends nothing.",
  arguments: [{ name: "<device>", description: "name of the device's identity in the home" }],
  options: [
    { flags: "--nonce <nonce>", description: "of the challenge", required: true },
    { flags: "--platform <platform>", description: "who asked: DID or name", required: true },
    { flags: "--model <model>", description: "<vendor id>/<product id>", required: true },
    { flags: "--firmware <version>", description: "version that runs", required: true },
    { flags: "--digest <digest>", description: "its SHA-256 in base64url, or the firmware file", required: true },
    {
      flags: "--lifecycle <state>",
      description: "state of the device",
      choices: ["production", "debug", "decommissioned"],
      default: "production",
    },
    { flags: "--out <file>", description: "where to write it; printed where left out" },
  ],
  examples: [
    "hansa device attest lamp --nonce 4n0… --platform acme --model acme/T1 --firmware 1.0.3 --digest ./t1.bin --out lamp.att",
  ],
  async run(shell, options, name) {
    const { did, kid, signer } = await shell.party(name);
    const attestation: Attestation = {
      iss: did,
      aud: await shell.did(options.platform),
      nonce: options.nonce,
      model: options.model,
      firmware: { version: options.firmware, digest: shell.digest(options.digest) },
      lifecycle: options.lifecycle,
      iat: Math.floor(shell.io.now() / 1000),
    };
    const token = signAttestation(attestation, kid, signer);
    if (options.out !== undefined) writeNewFile(shell.path(options.out), `${token}\n`);
    return {
      json: { attestation, token },
      text: options.out === undefined ? token : `${options.out}: signed by ${shell.id(did)}`,
    };
  },
});
