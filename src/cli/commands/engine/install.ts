import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";

interface Options {
  readonly from?: string;
  readonly sha256?: string;
  readonly force?: boolean;
}

export const engineInstall = defineCommand<[], Options>({
  name: "install",
  summary:
    "Get the cometbft program: built with Go from its pinned source, or from a downloaded archive. Needs no node.",
  options: [
    { flags: "--from <archive>", description: "release archive (.tar.gz) that was downloaded" },
    { flags: "--sha256 <hex>", description: "digest of that archive, from the checksum file of its release" },
    { flags: "--force", description: "install although a program that fits is there" },
  ],
  examples: [
    "hansa engine install",
    "hansa engine install --from cometbft_0.38.25_linux_amd64.tar.gz --sha256 <digest>",
  ],
  async run(shell, { from, sha256, force }) {
    if ((from === undefined) !== (sha256 === undefined))
      throw cliError(
        "cli.argument",
        "--from and --sha256 go together: an archive is not run unless its digest is known",
      );
    const { COMETBFT_VERSION, findCometbft, installFromArchive, installFromSource } = await import("#engines");
    const { env, signal } = shell.io;
    if (from === undefined && force !== true) {
      const found = await findCometbft(env).catch(() => undefined);
      if (found !== undefined)
        return {
          json: { installed: false, ...found },
          text: `CometBFT ${found.version} is there already: ${found.path}. --force installs it anew.`,
        };
    }
    const progress = (line: string) => shell.io.stderr.write(`· ${line}\n`);
    const options = { env, progress, signal };
    const path =
      from === undefined || sha256 === undefined
        ? await installFromSource(options)
        : await installFromArchive(shell.path(from), sha256, options);
    // Who names a program gets that one: an installed one changes nothing for them, and they should hear of it.
    const used = await findCometbft(env).catch(() => undefined);
    const note =
      used?.path === path
        ? ""
        : "\nHANSA_COMETBFT names another program, which counts before it: unset it to use this one.";
    return {
      json: { installed: true, where: "installed", path, version: COMETBFT_VERSION, inUse: used?.path ?? null },
      text: `CometBFT is installed: ${path}${note}`,
    };
  },
});
