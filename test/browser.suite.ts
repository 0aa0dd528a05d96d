/** What the tests of pages share: the code as a page loads it, and a page of a real browser, where there is one. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect } from "vitest";

export const BROWSER = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
/** Behind the name of a test that wants a browser. */
export const HOW = BROWSER === undefined ? " (skipped: no browser; apt-get install chromium)" : "";

/**
 * Bundles modules into one script, whose exports are properties of `hansa`, and sees to it that nothing of Node is in it: a library may have
 * the words in it (`require`, `process`), but whatever it takes from there shows when a page runs it, which has neither.
 *
 * @param source - file of the module that the page loads, or the text of one that stands in `folder`
 */
export async function bundlePage(source: URL | { readonly contents: string; readonly folder: URL }): Promise<string> {
  const { outputFiles, metafile } = await build({
    ...(source instanceof URL
      ? { entryPoints: [fileURLToPath(source)] }
      : { stdin: { contents: source.contents, resolveDir: fileURLToPath(source.folder), loader: "ts" } }),
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    globalName: "hansa",
    platform: "browser",
    conditions: ["browser", "development"],
    target: "es2022",
    metafile: true,
    logLevel: "silent",
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  expect(imports.filter(({ external }) => external === true)).toEqual([]);
  const code = outputFiles[0]?.text ?? "";
  expect(code.match(/["']node:[a-z/]+|sodium-native/g)).toBeNull();
  return code;
}

/** A page that loads `/code.js`, on a server of its own. */
export interface ServedPage {
  readonly origin: string;
  /** Opens the page in the browser and answers what it posts to `/result`. */
  open(): Promise<string>;
  close(): void;
}

/**
 * Serves a page.
 *
 * @param html - asked for each time
 * @param answers - what is answered to whatever else the page posts, by path
 */
export async function servePage(
  code: string,
  html: () => string,
  answers: Readonly<Record<string, (body: string) => Promise<string>>> = {},
): Promise<ServedPage> {
  let tell: (result: string) => void = () => {};
  const server = createServer((request, response) => {
    const { url = "/", method } = request;
    if (url === "/code.js") response.setHeader("content-type", "text/javascript").end(code);
    else if (method === "POST") {
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        if (url === "/result") tell(body);
        void (answers[url]?.(body) ?? Promise.resolve("")).then((text) => response.end(text));
      });
    } else response.setHeader("content-type", "text/html").end(html());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    async open() {
      const result = new Promise<string>((resolve) => {
        tell = resolve;
      });
      const profile = mkdtempSync(join(tmpdir(), "hansa-browser-"));
      const browser = spawn(
        BROWSER as string,
        ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`, `${origin}/`],
        { stdio: "ignore" },
      );
      const closed = once(browser, "close");
      try {
        return await Promise.race([result, closed.then(() => expect.fail("the browser ended without a result"))]);
      } finally {
        browser.kill("SIGKILL");
        await closed;
        rmSync(profile, { recursive: true, force: true });
      }
    },
    close: () => server.close(),
  };
}
