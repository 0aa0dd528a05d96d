import { defineCommand } from "../../command.ts";

export const engineStatus = defineCommand({
  name: "status",
  summary: "Show which cometbft program nodes of this machine run, and where it was looked for. Needs no node.",
  examples: ["hansa engine status", "HANSA_COMETBFT=/opt/cometbft hansa engine status --json"],
  async run(shell) {
    // The engines bring much along that no other command needs.
    const { COMETBFT_VERSION, lookForCometbft, otherWays } = await import("#engines");
    const looked = await lookForCometbft(shell.io.env);
    const taken = looked.find(({ problem }) => problem === undefined);
    const rows = looked.map((found) => [
      found.where,
      found.path,
      found.version ?? "",
      found === taken ? "in use" : (found.problem ?? "fits"),
    ]);
    const table = shell.table(["place", "path", "version", ""], rows);
    const needed = `${COMETBFT_VERSION} or a later patch`;
    const head = shell.fields([
      ["needed", needed],
      ["in use", taken === undefined ? "none" : `${taken.version} at ${taken.path}`],
    ]);
    return {
      json: { needed: COMETBFT_VERSION, inUse: taken ?? null, places: looked },
      text: `${head}\n\n${table}${taken === undefined ? `\n\n\`hansa engine install\` gets it.\n${otherWays()}` : ""}`,
    };
  },
});
