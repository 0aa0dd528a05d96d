import { combineFoundings } from "#protocol";
import { defineCommand } from "../../command.ts";
import { foundingJson, foundingText, nextStep, readFounding, writeFounding } from "../../home/founding-files.ts";

interface Options {
  readonly out?: string;
}

export const groupCombine = defineCommand<[files: readonly string[]], Options>({
  name: "combine",
  summary: "Put the signatures of several copies of one founding file together. Needs no home.",
  arguments: [{ name: "<files...>", description: "founding files of the same group" }],
  options: [{ flags: "--out <file>", description: "file to write; the first of them where left out" }],
  examples: ["hansa group combine acme.json borea.json castor.json delphi.json --out founding.json"],
  async run(shell, { out }, files) {
    const checked = combineFoundings(files.map((file) => readFounding(shell, file)));
    const to = out ?? (files[0] as string);
    writeFounding(shell, checked, to, files);
    return {
      json: { file: to, ...foundingJson(checked) },
      text: `${foundingText(shell, checked)}\n${nextStep(shell, checked, to)}`,
    };
  },
});
