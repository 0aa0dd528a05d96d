// Names in the lock file the optional packages of other platforms, too. A registry that keeps only this platform's makes npm leave
// them out, and then `npm ci` refuses the lock file. Run it after `npm install`; it changes nothing where nothing is missing.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./setup.mjs";

const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const PROCESSORS = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

/** What a package's name says of its platform: `@x/cli-linux-arm64-musl`. */
function platformOf(name) {
  const parts = name.slice(name.lastIndexOf("/") + 1).split(/[-.]/);
  const os = SYSTEMS.filter((system) => parts.includes(system));
  const cpu = PROCESSORS.filter((processor) => parts.includes(processor));
  const libc = parts.some((part) => part.startsWith("musl")) ? ["musl"] : parts.includes("gnu") ? ["glibc"] : [];
  // On a platform that nobody can tell it must not be tried: no processor is called so.
  return {
    ...(os.length > 0 ? { os } : {}),
    cpu: cpu.length > 0 ? cpu : ["unknown"],
    ...(libc.length > 0 ? { libc } : {}),
  };
}

const file = join(root, "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));
const added = {};
for (const entry of Object.values(lock.packages))
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    if (Object.keys(lock.packages).some((known) => known === path || known.endsWith(`/${path}`))) continue;
    if (!/^\d+\.\d+\.\d+[\w.+-]*$/.test(version)) {
      console.error(`${name}@${version} is missing and names no exact version: left out`);
      continue;
    }
    added[path] = { version, ...(entry.dev ? { dev: true } : {}), optional: true, ...platformOf(name) };
  }
if (Object.keys(added).length > 0) {
  const [[top, own], ...rest] = Object.entries(lock.packages);
  const sorted = [...rest, ...Object.entries(added)].sort(([a], [b]) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries([[top, own], ...sorted]);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`${Object.keys(added).length} added`);
