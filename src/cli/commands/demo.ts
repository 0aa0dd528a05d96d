import { defineCommand } from "../command.ts";
import { cliError } from "../errors.ts";

export const demo = defineCommand<[], { once?: boolean }>({
  name: "demo",
  summary: "Run an alliance of four members with real products' devices, step by step; it stays up until Ctrl-C.",
  options: [{ flags: "--once", description: "end after the last step; exit code 1 where a step failed" }],
  examples: ["hansa demo", "hansa demo --once --json"],
  async run(shell, { once }) {
    const { demo: runDemo } = await import("#node");
    const json = shell.globals.json === true;
    const { steps } = await runDemo({
      home: shell.home,
      once: once === true,
      environment: shell.io.env,
      signal: shell.io.signal,
      print: (line) => (json ? shell.note(line) : shell.print(line)),
      colour: shell.io.stdout.isTerminal && (shell.io.env["NO_COLOR"] ?? "") === "",
    });
    if (json) shell.print(JSON.stringify({ steps }, null, 2));
    const failed = steps.find(({ holds }) => !holds);
    if (failed !== undefined)
      throw cliError("cli.demo-failed", `the step "${failed.name}" failed: ${failed.why ?? ""}`, failed);
    return undefined;
  },
});
