import { listRuns } from "#sdk";
import { defineCommand } from "../../command.ts";
import { parseCount } from "../../parse.ts";

export const linkageWhy = defineCommand<[linkage: string], { limit: number }>({
  name: "why",
  summary: "Why did this happen: runs of a linkage, newest first, each step with its outcome.",
  arguments: [{ name: "<linkage>", description: "id of the linkage" }],
  options: [{ flags: "--limit <count>", description: "how many runs", parse: parseCount, default: 20 }],
  examples: ["hansa linkage why lk_3QJmV3qfvL9SuYo34YihAf3sRCW3 --limit 5"],
  async run(shell, { limit }, linkage) {
    const page = await listRuns(shell.client, { linkage, limit }, { signal: shell.io.signal });
    const rows = page.items.flatMap((run) => {
      const time = shell.time(run.time);
      const evidence = `${run.evidence.topic} ${run.evidence.offset}`;
      if (run.steps.length === 0)
        return [[time, evidence, "", "", shell.status(run.state ?? "refused"), shell.value(run.refused ?? "")]];
      return run.steps.map(({ device, action, outcome, reason }) => [
        time,
        evidence,
        device === null ? "" : shell.id(device),
        action === null ? "" : shell.value(action),
        shell.status(outcome),
        shell.value(reason ?? ""),
      ]);
    });
    return {
      json: page,
      text: shell.table(["time", "because of", "device", "action", "outcome", "reason"], rows, "it has not run"),
    };
  },
});
