import { createConnectionToken } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseDuration } from "../../parse.ts";

export const topicToken = defineCommand<[], { valid: number }>({
  name: "token",
  summary: "Sign a connection token: MQTT password (the user name is the DID), or HTTP bearer.",
  options: [{ flags: "--valid <time>", description: "its life, at most 1h", parse: parseDuration, default: 600 }],
  examples: ['mosquitto_sub -u "$DID" -P "$(hansa topic token --as lamp)" -t "acme/things/#"'],
  async run(shell, { valid }) {
    const party = await shell.party();
    const token = await createConnectionToken(shell.client, { signer: party, seconds: valid, signal: shell.io.signal });
    return { json: { did: party.did, token }, text: token };
  },
});
