import { Argument, Command, Option, type ParseOptionsResult } from "commander";
import type { Answer, CommandGroup, CommandSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { cliError } from "./errors.ts";
import type { Io } from "./io.ts";
import { createPaint } from "./output/paint.ts";
import { collect, parseDuration } from "./parse.ts";
import { type GlobalOptions, Shell } from "./shell.ts";

/** Ids, digests and roots: 128 or 256 bits in base64url that begin with a dash. Options are lower-case words, none of one dash is so long. */
const DASHED_ID = /^-(?!-[a-z-]+$)(?:[\w-]{21}|[\w-]{42})$/;

/** A command to which an id that begins with a dash is the value that it is: commander takes it for an option that it does not know. */
class IdCommand extends Command {
  override createCommand(name?: string): Command {
    return new IdCommand(name);
  }

  override parseOptions(argv: string[]): ParseOptionsResult {
    const { operands, unknown } = super.parseOptions(argv);
    const option = unknown.findIndex((text) => /^-./.test(text) && !DASHED_ID.test(text));
    const values = option < 0 ? unknown.length : option;
    return { operands: [...operands, ...unknown.slice(0, values)], unknown: unknown.slice(values) };
  }
}

/**
 * The tree of commands over commander. It throws `CommanderError` for wrong calls and for help, and never ends the process.
 *
 * @example
 * ```ts
 * await createProgram(io, "1.0.0").parseAsync(["member", "list"], { from: "user" });
 * ```
 */
export function createProgram(io: Io, version: string): Command {
  const program = new IdCommand("hansa")
    .description("An alliance ledger for things: members, devices, linkages, topics and their proofs.")
    .version(version, "--version", "print the version")
    .option("--json", "print one JSON value for programs")
    .option("--pick <path>", "print one value of the JSON alone, for scripts (nonce, facts.0.data)")
    .option("--full", "do not shorten ids and lines")
    .option("--url <url>", "address of a node (HANSA_URL; http://127.0.0.1:7420)")
    .option("--group <group>", "id or name of the group, where the node has several")
    .option("--home <folder>", "keys and configuration (HANSA_HOME; ./.hansa)")
    .option("--as <name>", "which identity of the home signs (HANSA_AS)")
    .option("--ca <file>", "authorities to trust for the node, PEM (HANSA_CA; client/ca.pem or tls/ca.pem of the home)")
    .option("--cert <file>", "certificate to show to the node, PEM (HANSA_CERT; client/cert.pem of the home)")
    .option("--key <file>", "its key, PEM (HANSA_KEY; client/key.pem of the home)")
    .option("--passphrase-file <file>", "file with the passphrase of the keys (else HANSA_PASSPHRASE, or asked for)");
  settle(program, io);
  program.addHelpText(
    "after",
    "\nExamples:\n  hansa init --alliance hanse --name Acme --roles maker\n  hansa up\n  hansa member list\n" +
      "\nExit codes: 0 done, 1 refused or failed, 2 wrong call, 3 no node answers.",
  );
  for (const entry of COMMANDS) attach(program, entry, io);
  return program;
}

function settle(command: Command, io: Io): void {
  const paint = createPaint(io.stdout, io.env);
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError("(add --help for what it takes)")
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns,
      getErrHelpWidth: () => io.stderr.columns,
      getOutHasColors: () => io.stdout.isTerminal,
      getErrHasColors: () => io.stderr.isTerminal,
    })
    .configureHelp({ showGlobalOptions: true, styleTitle: (text) => paint("bold", text) });
}

function attach(parent: Command, entry: CommandSpec | CommandGroup, io: Io): void {
  const command = parent.command(entry.name).description(entry.summary).summary(entry.summary);
  settle(command, io);
  if ("commands" in entry) {
    for (const below of entry.commands) attach(command, below, io);
    return;
  }
  for (const { name, description, parse } of entry.arguments) {
    const argument = new Argument(name, description);
    command.addArgument(parse === undefined ? argument : argument.argParser(parse));
  }
  for (const spec of entry.options) {
    const option = new Option(spec.flags, spec.description);
    if (spec.parse !== undefined) option.argParser(spec.parse as (text: string) => unknown);
    if (spec.choices !== undefined) option.choices(spec.choices);
    if (spec.default !== undefined) option.default(spec.default);
    if (spec.required === true) option.makeOptionMandatory();
    command.addOption(option);
  }
  if (entry.transacts)
    command
      .addOption(
        new Option("--also <name>", "another identity of the home that signs; may be repeated").argParser(collect),
      )
      .option("--out <file>", "do not send it: write the signed transaction for other parties (- for standard output)")
      .addOption(new Option("--valid <time>", "how long it may be executed (60s)").argParser(parseDuration));
  command.addHelpText("after", `\nExamples:\n${entry.examples.map((example) => `  ${example}`).join("\n")}`);
  command.action(async (...given: unknown[]) => {
    const args = given.slice(0, entry.arguments.length);
    const shell = new Shell(io, command.optsWithGlobals() as GlobalOptions);
    try {
      print(shell, await entry.run(shell, command.opts(), args));
    } finally {
      await shell.close();
    }
  });
}

function print(shell: Shell, answer: Answer | undefined): void {
  if (answer === undefined) return;
  if (shell.globals.pick !== undefined) shell.print(pick(answer.json, shell.globals.pick));
  else if (shell.globals.json === true) shell.print(JSON.stringify(answer.json, null, 2));
  else if (answer.text !== "") shell.print(answer.text);
}

/** One value of an answer: texts as they are, anything else as JSON on one line. */
function pick(json: unknown, path: string): string {
  let value = json;
  for (const step of path.split("."))
    value =
      typeof value === "object" && value !== null && Object.hasOwn(value, step)
        ? (value as Readonly<Record<string, unknown>>)[step]
        : undefined;
  if (value === undefined) throw cliError("cli.argument", `the answer has no ${path}; --json shows it whole`, { path });
  return typeof value === "string" ? value : JSON.stringify(value);
}
