import type { OfferRequest } from "#protocol";
import { getOfferState, offerCredential } from "#sdk";
import { type Answer, defineCommand } from "../../command.ts";
import { readDocument } from "../../credentials/documents.ts";
import { clientFor } from "../../credentials/node-client.ts";
import { cliError } from "../../errors.ts";
import { parseDuration } from "../../parse.ts";

interface Options {
  readonly claims?: string;
  readonly txCode?: "numeric" | "text";
  readonly valid?: number;
  readonly state?: string;
}

export const credentialOffer = defineCommand<[configuration: string | undefined], Options>({
  name: "offer",
  summary: "Offer a credential to a wallet (OpenID4VCI): the node answers the offer for a QR code or link.",
  arguments: [{ name: "[configuration]", description: "name of one of the node's credential configurations" }],
  options: [
    { flags: "--claims <file>", description: "what is said of the holder, as JSON; - for standard input" },
    {
      flags: "--tx-code <kind>",
      description: "with a code that reaches the holder by another way",
      choices: ["numeric", "text"],
    },
    { flags: "--valid <time>", description: "how long the offer stands (10m)", parse: parseDuration },
    { flags: "--state <id>", description: "in place of an offer: what became of one" },
  ],
  examples: [
    "hansa credential offer resident --claims alice.json --tx-code numeric",
    "hansa credential offer --state kq3R5g9b2Zt1c0QmO7nXw4",
  ],
  async run(shell, { claims, txCode, valid, state }, configuration): Promise<Answer> {
    const client = await clientFor(shell);
    const how = { signal: shell.io.signal };
    if (state !== undefined) {
      const found = await getOfferState(client, state, how);
      const text = shell.fields([
        ["state", found.state],
        ["configuration", found.configuration],
        ["status by", found.credentialId],
      ]);
      return { json: found, text };
    }
    if (configuration === undefined || claims === undefined)
      throw cliError("cli.argument", "a configuration and --claims say what is offered", {});
    const request: OfferRequest = {
      configuration,
      claims: await readDocument(shell, claims),
      ...(txCode === undefined ? {} : { txCode }),
      ...(valid === undefined ? {} : { seconds: valid }),
    };
    const offer = await offerCredential(client, request, how);
    const text = shell.fields([
      ["offer", offer.id],
      ["uri", offer.uri],
      offer.txCode === undefined ? undefined : ["code", `${offer.txCode} (tell it the holder by another way)`],
      ["status by", offer.credentialId],
      ["until", shell.time(offer.expires * 1000)],
    ]);
    return { json: offer, text };
  },
});
