import { encodeBase64Url } from "#base";
import { randomBytes } from "#crypto";
import { operation } from "#protocol";
import { defineCommand } from "../../command.ts";
import type { TransactOptions } from "../../shell.ts";

export const deviceChallenge = defineCommand<[device: string], TransactOptions & { nonce?: string }>({
  name: "challenge",
  summary: "Set a fresh nonce, as the device's platform; the device answers it with `device attest`.",
  arguments: [{ name: "<device>", description: "DID of the device, or name of an identity of the home" }],
  options: [{ flags: "--nonce <nonce>", description: "at least 128 random bits in base64url; drawn where left out" }],
  examples: ["hansa device challenge lamp --as acme"],
  transacts: true,
  async run(shell, options, device) {
    const nonce = options.nonce ?? encodeBase64Url(randomBytes(24));
    const did = await shell.did(device);
    const answer = await shell.transact([operation("devices.challenge", { device: did, nonce })], options);
    return {
      json: { nonce, ...(answer.json as object) },
      text: `${shell.paint("bold", "nonce")}  ${nonce}\n${answer.text}`,
    };
  },
});
