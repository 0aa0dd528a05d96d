import type { Shell } from "./shell.ts";

/** What a command has to say: for programs and for people. */
export interface Answer {
  /** Printed with `--json`. */
  readonly json: unknown;
  /** Printed without. */
  readonly text: string;
}

interface ArgumentSpec {
  /** `<needed>`, `[optional]`, `<several...>` */
  readonly name: string;
  readonly description: string;
  readonly parse?: (text: string) => unknown;
}

export interface OptionSpec {
  readonly flags: string;
  readonly description: string;
  readonly parse?: (text: string, before?: never) => unknown;
  readonly choices?: readonly string[];
  readonly default?: string | number;
  readonly required?: boolean;
}

/** One command: everything that its help, its parsing and its run need. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly string[];
  /** Sends a transaction: gets `--also`, `--out` and `--valid`. */
  readonly transacts: boolean;
  run(shell: Shell, options: object, args: readonly unknown[]): Promise<Answer | undefined>;
}

/** A command with commands below it. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly (CommandSpec | CommandGroup)[];
}

interface Definition<Args extends readonly unknown[], Options extends object> {
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples: readonly [string, ...string[]];
  readonly transacts?: boolean;
  run(shell: Shell, options: Options, ...args: Args): Promise<Answer | undefined>;
}

/**
 * Defines a command. `Args` and `Options` say what its `arguments` and `options` give once they are parsed.
 *
 * @example
 * ```ts
 * export const approve = defineCommand<[proposal: number]>({
 *   name: "approve",
 *   summary: "Approve a proposal.",
 *   arguments: [{ name: "<proposal>", description: "its number", parse: parseCount }],
 *   examples: ["hansa member approve 3 --as acme"],
 *   transacts: true,
 *   run: (shell, options, proposal) => shell.transact([operation("members.approve", { proposal })], options),
 * });
 * ```
 */
export function defineCommand<Args extends readonly unknown[] = [], Options extends object = object>(
  definition: Definition<Args, Options>,
): CommandSpec {
  return {
    arguments: [],
    options: [],
    transacts: false,
    ...definition,
    run: (shell, options, args) => definition.run(shell, options as Options, ...(args as unknown as Args)),
  };
}
