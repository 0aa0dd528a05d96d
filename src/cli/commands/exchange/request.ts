import { decodeUtf8 } from "#base";
import { countersignReceipt, type OpenedRelease, openRelease, requestRelease } from "#sdk";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { requireNoFile, writeNewFile } from "../../home/files.ts";
import { type Moment, parseMoment } from "../../parse.ts";
import type { Shell } from "../../shell.ts";
import { ASK_OPTIONS, type AskOptions, askedFor } from "./asked-for.ts";

interface Options extends AskOptions {
  readonly from?: Moment;
  readonly to?: Moment;
  readonly out?: string;
}

export const exchangeRequest = defineCommand<[grant: string], Options>({
  name: "request",
  summary: "Fetch data under a grant: sealed to you, checked, and its receipt signed back.",
  arguments: [{ name: "<grant>", description: "id of the grant that you got" }],
  options: [
    ...ASK_OPTIONS,
    { flags: "--from <moment>", description: "of a history: its first moment", parse: parseMoment },
    { flags: "--to <moment>", description: "of a history: its end (now)", parse: parseMoment },
    { flags: "--out <file>", description: "where to write the data" },
  ],
  examples: [
    "hansa exchange request 3q2-7wAAAAAAAAAAAAAAAA --as borea --out july.csv",
    "hansa exchange request 3q2-7wAAAAAAAAAAAAAAAA --from 2027-01-30 --to 2027-01-31 --as borea --json",
  ],
  async run(shell, options, grant) {
    const client = await shell.signingClient();
    const call = { signal: shell.io.signal };
    const now = shell.io.now();
    const from = options.from?.(now);
    if (from === undefined && options.to !== undefined) throw cliError("cli.argument", "--to goes with --from");
    const to = options.to?.(now) ?? Math.floor(now / 1000);
    if (options.out !== undefined) requireNoFile(shell.path(options.out));
    const args = await askedFor(shell, grant, options);
    const window = from === undefined ? undefined : { from, to };
    const opened = await openRelease(client, await requestRelease(client, { ...args, window }, call), call);
    if (options.out !== undefined) writeNewFile(shell.path(options.out), fileOf(opened), 0o600);
    await countersignReceipt(client, opened.receipt, call);
    const { claims, resource, dataset, events } = opened;
    const shown = dataset === undefined ? undefined : decodeUtf8(dataset.content);
    return {
      json: {
        receipt: claims,
        resource,
        ...(dataset === undefined
          ? {}
          : { dataset: { dataset: dataset.dataset, mediaType: dataset.mediaType, bytes: dataset.content.length } }),
        ...(shown === undefined || options.out !== undefined ? {} : { content: shown }),
        ...(events === undefined ? {} : { events }),
        ...(options.out === undefined ? {} : { file: options.out }),
      },
      text: `${shell.fields([
        ["receipt", claims.jti],
        ["for", claims.purpose],
        ["file", options.out ?? "none"],
      ])}\n\n${describe(shell, opened, options.out !== undefined)}`,
    };
  },
});

/** A dataset as it is; events as one JSON a line. */
function fileOf({ dataset, events }: OpenedRelease): Uint8Array | string {
  if (dataset !== undefined) return dataset.content;
  return (events ?? []).map((logged) => `${JSON.stringify(logged)}\n`).join("");
}

function describe(shell: Shell, { dataset, events }: OpenedRelease, written: boolean): string {
  if (dataset !== undefined) {
    const { content, mediaType } = dataset;
    const text = decodeUtf8(content);
    if (written || text === undefined || !mediaType.startsWith("text/"))
      return `${content.length} bytes of ${shell.value(mediaType)}${written ? "" : "; --out writes them to a file"}`;
    return shell.value(text);
  }
  const rows = (events ?? []).map(({ topic, offset, event }) => [
    `${topic} ${offset}`,
    event.time,
    shell.id(event.source),
    shell.value(event.hansapath ?? ""),
    shell.value(event.data ?? event.data_base64 ?? ""),
  ]);
  return shell.table(["event", "time", "source", "path", "data"], rows, "no events");
}
