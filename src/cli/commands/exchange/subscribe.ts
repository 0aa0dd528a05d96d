import { countersignReceipt, subscribeRelease } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseCount } from "../../parse.ts";
import { ASK_OPTIONS, type AskOptions, askedFor } from "./asked-for.ts";

export const exchangeSubscribe = defineCommand<[grant: string], AskOptions & { count?: number }>({
  name: "subscribe",
  summary: "Print events under a grant as they come, one a line, until the grant ends or Ctrl-C.",
  arguments: [{ name: "<grant>", description: "id of the grant that you got" }],
  options: [...ASK_OPTIONS, { flags: "--count <count>", description: "end after so many", parse: parseCount }],
  examples: ["hansa exchange subscribe 3q2-7wAAAAAAAAAAAAAAAA --as borea --json | jq .event.data"],
  async run(shell, options, grant) {
    const client = await shell.signingClient();
    const call = { signal: shell.io.signal };
    const args = await askedFor(shell, grant, options);
    let seen = 0;
    for await (const item of subscribeRelease(client, args, call)) {
      if (item.kind === "receipt") await countersignReceipt(client, item.receipt, call);
      else if (item.kind === "end") shell.note(`the subscription is over: ${item.reason}`);
      else {
        const { event, offset } = item.event;
        shell.print(
          shell.globals.json === true
            ? JSON.stringify(item.event)
            : `${shell.paint("dim", `${offset} ${event.time}`)} ${shell.id(event.source)} ${shell.paint("cyan", shell.value(event.hansapath ?? ""))} ${shell.value(event.data ?? event.data_base64 ?? "")}`,
        );
        if (++seen === options.count) break;
      }
    }
    return undefined;
  },
});
