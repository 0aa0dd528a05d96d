import { defineCommand } from "../command.ts";
import type { Io } from "../io.ts";

export const up = defineCommand({
  name: "up",
  summary: "Run the node of this home until Ctrl-C. Its log goes to standard error.",
  examples: ["hansa up", "HANSA_PASSPHRASE=… hansa up --home ./acme --json 2> node.log"],
  async run(shell) {
    const passphrase = await shell.passphrase();
    const { startNode } = await import("#node");
    const { env: environment, signal } = shell.io;
    const node = await startNode({ home: shell.home, passphrase, environment, signal }).catch((error: unknown) => {
      // Ctrl-C while it starts: all that was opened is closed again.
      if (signal.aborted) return undefined;
      throw error;
    });
    if (node === undefined) return undefined;
    const { url, mqttUrl, member, groups } = node;
    shell.print(
      shell.globals.json === true
        ? JSON.stringify({ url, mqttUrl, member, groups })
        : shell.fields([
            ["HTTP", url],
            ["MQTT", mqttUrl],
            ["member", member],
            ...groups.map(({ name, id }) => [`group ${name}`, id] as const),
          ]),
    );
    await untilStopped(shell.io);
    await node.close();
    return undefined;
  },
});

/** The node's sockets keep the process alive; this only waits for the wish to end it. */
function untilStopped({ signal }: Io): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
