import { defineCommand } from "../command.ts";
import { cliError } from "../errors.ts";

interface Options {
  readonly once?: boolean;
  readonly httpPort?: number;
  readonly mqttPort?: number;
}

export const demo = defineCommand<[], Options>({
  name: "demo",
  summary: "Run an alliance of four members on this machine and show the main job, step by step.",
  options: [
    { flags: "--once", description: "in a home of its own: check every step, print a table, end" },
    { flags: "--http-port <port>", description: "port of the HTTP API on the first run", parse: Number },
    { flags: "--mqtt-port <port>", description: "port of the MQTT broker on the first run", parse: Number },
  ],
  examples: ["hansa demo", "hansa demo --once"],
  async run(shell, { once, httpPort, mqttPort }) {
    // Loaded when wanted: no other command needs devices.
    const { failed, runDemo } = await import("../demo/run-demo.ts");
    const { results, complete } = await runDemo({
      home: shell.home,
      once: once === true,
      io: shell.io,
      out: shell.globals.json === true ? shell.io.stderr : shell.io.stdout,
      ...(httpPort === undefined ? {} : { httpPort }),
      ...(mqttPort === undefined ? {} : { mqttPort }),
    });
    const broken = results.find(failed);
    if (broken !== undefined) throw cliError("cli.demo-failed", `step «${broken.name}» failed`, { step: broken.name });
    if (once === true && !complete)
      throw cliError("cli.demo-failed", "the run was ended before its last step", { steps: results.length });
    return shell.globals.json === true ? { json: results, text: "" } : undefined;
  },
});
