/** Programs that stand in for CometBFT on one member's node: the real one, with something of the test's around it. */
import { chmodSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const LIAR = fileURLToPath(new URL("./lying-application.mjs", import.meta.url));

/**
 * Writes a program for HANSA_COMETBFT that runs `binary` with these variables: CometBFT's surroundings are empty otherwise.
 *
 * @returns its path
 */
export function launchWith(file: string, binary: string, variables: Readonly<Record<string, string>>): string {
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`);
  return program(file, [...exports, `exec ${quote(binary)} "$@"`]);
}

/**
 * Writes a program for HANSA_COMETBFT that puts a liar between CometBFT and its node: as long as the file `lies` is there, other app hashes
 * arrive than the node said.
 *
 * @returns its path
 */
export function launchLiar(file: string, binary: string, lies: string): string {
  return program(file, [
    "PATH=/usr/bin:/bin",
    `real=${quote(binary)}`,
    `[ "$1" = start ] || exec "$real" "$@"`,
    // `start --home <folder>`: the configuration there was written a moment ago.
    `config="$3/config/config.toml"`,
    `application=$(sed -n 's#^proxy_app = "unix://\\(.*\\)"#\\1#p' "$config")`,
    `own="$(dirname "$application")/liar.sock"`,
    `rm -f "$own"`,
    `sed -i.honest "s#^proxy_app = .*#proxy_app = \\"unix://$own\\"#" "$config"`,
    `${quote(process.execPath)} ${quote(LIAR)} "$own" "$application" ${quote(lies)} > "$3/liar.out" 3>&- &`,
    `while ! [ -S "$own" ]; do sleep 0.05; done`,
    `exec "$real" "$@"`,
  ]);
}

function program(file: string, lines: readonly string[]): string {
  writeFileSync(file, `#!/bin/sh\n${lines.join("\n")}\n`);
  chmodSync(file, 0o755);
  return file;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
