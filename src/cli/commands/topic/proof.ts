import { eventProof } from "#sdk";
import { defineCommand } from "../../command.ts";
import { writeNewFile } from "../../home/files.ts";
import { parseNumber } from "../../parse.ts";

export const topicProof = defineCommand<[topic: string, offset: number], { out?: string }>({
  name: "proof",
  summary: "Prove that an event is in its topic: its place in the newest checkpoint, with the signed note.",
  arguments: [
    { name: "<topic>", description: "name of the topic" },
    { name: "<offset>", description: "offset of the event", parse: parseNumber },
  ],
  options: [{ flags: "--out <file>", description: "where to write it as JSON" }],
  examples: ["hansa topic proof acme/things 41 --out event-41.json --as acme"],
  async run(shell, { out }, topic, offset) {
    const proof = await eventProof(await shell.signingClient(), { topic, offset }, { signal: shell.io.signal });
    if (out !== undefined) writeNewFile(shell.path(out), `${JSON.stringify(proof, null, 2)}\n`);
    const text = shell.fields([
      ["topic", proof.topic],
      ["offset", String(proof.offset)],
      ["checkpoint", ""],
    ]);
    return {
      json: proof,
      text: `${text}\n${proof.checkpoint.trimEnd()}${out === undefined ? "" : `\n\nwritten to ${out}`}`,
    };
  },
});
