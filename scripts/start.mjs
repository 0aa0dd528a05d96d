import { spawn } from "node:child_process";
import { join } from "node:path";
import { build, install, root } from "./setup.mjs";

try {
  await install();
  await build(["src/cli"]);
} catch (error) {
  console.error(String(error.message ?? error));
  process.exit(1);
}
const child = spawn(process.execPath, [join(root, "dist", "cli", "main.js"), "demo", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("close", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 0 : 1)));
