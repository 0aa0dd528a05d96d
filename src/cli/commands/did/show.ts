import { getIdentity } from "#sdk";
import { defineCommand } from "../../command.ts";
import { type Moment, parseCount, parseMoment, parseNumber } from "../../parse.ts";

export const didShow = defineCommand<[did: string], { height?: number; versionNumber?: number; time?: Moment }>({
  name: "show",
  summary: "Show a DID of the group, as it is or as it was.",
  arguments: [{ name: "<did>", description: "DID, or name of an identity of the home" }],
  options: [
    { flags: "--height <height>", description: "as of the end of this block", parse: parseNumber },
    { flags: "--version-number <number>", description: "its version of this number", parse: parseCount },
    { flags: "--time <moment>", description: "as of this moment", parse: parseMoment },
  ],
  examples: ["hansa did show acme", "hansa did show acme --version-number 1 --json"],
  async run(shell, { height, versionNumber, time }, did) {
    const wanted = {
      ...(height === undefined ? {} : { height }),
      ...(versionNumber === undefined ? {} : { version: versionNumber }),
      ...(time === undefined ? {} : { time: time(shell.io.now()) * 1000 }),
    };
    const found = await getIdentity(shell.client, await shell.did(did), wanted, { signal: shell.io.signal });
    const head = shell.fields([
      ["did", found.did],
      ["version", String(found.version)],
      ["status", shell.status(found.deactivated ? "deactivated" : "active")],
      ["created", shell.time(found.created)],
      ["updated", shell.time(found.updated)],
      ["controllers", found.controllers.map((one) => shell.id(one)).join(", ") || "itself"],
    ]);
    const keys = shell.table(
      ["key", "may", "public key"],
      found.keys.map(({ id, relationships, publicKey }) => [id, relationships.join(", "), publicKey]),
      "no keys",
    );
    const services = shell.table(
      ["service", "type", "endpoint"],
      found.services.map(({ id, type, endpoint }) => [id, type, shell.value(endpoint)]),
      "no services",
    );
    return { json: found, text: `${head}\n\n${keys}\n\n${services}` };
  },
});
