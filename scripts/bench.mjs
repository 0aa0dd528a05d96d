import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { build, install, root } from "./setup.mjs";

const [name, ...rest] = process.argv.slice(2);
const known = readdirSync(join(root, "bench"))
  .filter((file) => file.endsWith(".bench.ts"))
  .map((file) => file.replace(".bench.ts", ""));
if (name === undefined || !known.includes(name)) {
  console.error(`usage: npm run bench -- NAME [--json]\n  NAME: ${known.join(", ")}`);
  process.exit(name === undefined || name === "--help" ? 0 : 2);
}
await install();
await build();
if (!existsSync(join(root, "dist"))) process.exit(1);
const child = spawn(process.execPath, ["--import", "tsx", join(root, "bench", `${name}.bench.ts`), ...rest], {
  cwd: root,
  stdio: "inherit",
});
child.on("close", (code) => process.exit(code ?? 1));
