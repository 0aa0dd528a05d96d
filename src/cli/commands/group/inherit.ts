import { wipe } from "#crypto/node";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { groupsOfHome } from "../../home/facts.ts";

export const groupInherit = defineCommand<[group: string], { readonly out: string }>({
  name: "inherit",
  summary:
    "Write the records of a group that can make no block any more into a file that others check, to found its successor with. The node must be down.",
  arguments: [{ name: "<group>", description: "name or id of the old group" }],
  options: [{ flags: "--out <file>", description: "state file to write", default: "state.hansa" }],
  examples: ["hansa group inherit main", "hansa group inherit main --out main-4711.state.hansa --home ./acme"],
  async run(shell, { out }, wanted) {
    const { homeAt, writeState } = await import("#node");
    const { existsSync } = await import("node:fs");
    const group = groupsOfHome(shell.home).find(({ name, id }) => name === wanted || id === wanted);
    if (group === undefined)
      throw cliError("cli.group-unknown", `the home has no group ${wanted}`, {
        groups: groupsOfHome(shell.home).map(({ name }) => name),
      });
    const file = shell.path(out);
    if (existsSync(file)) throw cliError("cli.file-exists", `${file} exists already`, { path: file });
    const key = (await shell.keys()).dataKey(`data/${group.name}`);
    try {
      const written = await writeState(homeAt(shell.home).group(group.name), key, file);
      const { height, certified, header, state, records } = written;
      const text = shell.fields([
        ["group", written.group],
        ["height", String(height)],
        ["header", header],
        ["state", state],
        ["records", String(records)],
        [
          "voted for",
          certified === height ? "yes" : `up to ${certified}; block ${height} was decided, and goes with it`,
        ],
        ["state file", out],
      ]);
      const next = `Compare the height with the other survivors, and hand the file to the founders: hansa group create … --from ${out}`;
      return { json: { file: out, ...written }, text: `${text}\n${shell.paint("dim", next)}` };
    } finally {
      wipe(key);
    }
  },
});
