/** Contract files: what a person writes, and the contract that comes of it. */
import { encodeBase64Url, isHansaError, type Json } from "#base";
import { randomBytes } from "#crypto";
import { type Condition, type Contract, checkOperation } from "#protocol";
import { cliError } from "./errors.ts";
import { readJsonFile } from "./home/files.ts";
import { parseMoment } from "./parse.ts";

/** Longest validity that is filled in, seconds. */
const A_YEAR = 31_536_000;

/**
 * Reads a contract. `from` and `until` may be ISO times or `30d` from now; `nonce`, `from` and `until` are filled in where they are missing.
 *
 * @param now - milliseconds since 1970
 * @throws HansaError `cli.file-missing`, `cli.file-malformed`
 */
export function readContract(path: string, now: number): Contract {
  const file = readJsonFile(path);
  if (typeof file !== "object" || file === null || Array.isArray(file))
    throw cliError("cli.file-malformed", `${path} is not a contract`, { path });
  const written = file as { readonly [name: string]: Json };
  const from = momentOf(path, "from", written["from"], now) ?? Math.floor(now / 1000);
  const contract = {
    ...written,
    from,
    until: momentOf(path, "until", written["until"], now) ?? from + A_YEAR,
    nonce: written["nonce"] ?? encodeBase64Url(randomBytes(12)),
  };
  try {
    checkOperation({ op: "linkages.propose", args: { contract } }, 0);
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw cliError("cli.file-malformed", `${path}: ${error.message}`, { path, ...error.payload }, error);
  }
  return contract as unknown as Contract;
}

function momentOf(path: string, name: string, value: Json | undefined, now: number): number | undefined {
  if (value === undefined || typeof value === "number") return value;
  try {
    return parseMoment(String(value))(now);
  } catch (error) {
    throw cliError("cli.file-malformed", `${path}: ${name}: ${(error as Error).message}`, { path, name }, error);
  }
}

/** Devices that a contract names: those that it listens to, and those that it acts on. */
export function devicesOf(contract: Contract): {
  readonly watched: readonly string[];
  readonly driven: readonly string[];
} {
  const watched = new Set([contract.trigger.device]);
  const walk = (condition: Condition) => {
    if ("device" in condition) watched.add(condition.device);
    else if ("not" in condition) walk(condition.not);
    else for (const inner of "all" in condition ? condition.all : condition.any) walk(inner);
  };
  if (contract.condition !== undefined) walk(contract.condition as Condition);
  const driven = contract.actions.flatMap((action) => ("device" in action ? [action.device] : []));
  return { watched: [...watched], driven: [...new Set(driven)] };
}

/** What in a contract cannot work or is dangerous, from its words alone. */
export function problemsOf(contract: Contract, now: number): string[] {
  const problems: string[] = [];
  const { trigger, actions } = contract;
  if (contract.until <= contract.from) problems.push("it ends before it begins");
  else if (contract.until * 1000 <= now) problems.push("it has ended already");
  if (actions.every((action) => "delay" in action)) problems.push("none of its actions does anything");
  const last = actions.at(-1);
  if (last !== undefined && "delay" in last) problems.push("its last action is a delay, which nothing waits for");
  if ("property" in trigger)
    for (const action of actions)
      if ("set" in action && action.device === trigger.device && action.set === trigger.property)
        problems.push(`it sets ${trigger.property} of the very device whose ${trigger.property} sets it off: a loop`);
  if ("when" in trigger && "above" in trigger.when && trigger.when.below !== undefined)
    if (Number(trigger.when.above) >= Number(trigger.when.below)) problems.push("its trigger's range is empty");
  if (new Set(contract.parties).size !== contract.parties.length) problems.push("a party stands twice");
  return problems;
}

/** A trigger, condition or action as a sentence's part. */
export function describeContract(contract: Contract, name: (did: string) => string): { when: string; then: string[] } {
  const { trigger } = contract;
  const value = (it: unknown) =>
    typeof it === "object" && it !== null && "decimal" in it ? it.decimal : JSON.stringify(it);
  const comparison = (it: object) =>
    Object.entries(it)
      .map(([word, bound]) => `${word} ${typeof bound === "string" && word !== "equals" ? bound : value(bound)}`)
      .join(" and ");
  const held = "for" in trigger && trigger.for !== undefined ? ` for ${trigger.for} s` : "";
  const when =
    "event" in trigger
      ? `event ${trigger.event} of ${name(trigger.device)}`
      : "when" in trigger
        ? `${trigger.property} of ${name(trigger.device)} ${comparison(trigger.when)}${held}`
        : `${trigger.property} of ${name(trigger.device)} changes`;
  const conditional =
    contract.condition === undefined ? "" : `, if ${describeCondition(contract.condition as Condition)}`;
  const then = contract.actions.map((action) => {
    if ("delay" in action) return `wait ${action.delay} s`;
    if ("set" in action) return `set ${action.set} of ${name(action.device)} to ${value(action.value)}`;
    return `${action.action} of ${name(action.device)}${action.input === undefined ? "" : ` with ${value(action.input)}`}`;
  });
  return { when: when + conditional, then };

  function describeCondition(condition: Condition): string {
    if ("device" in condition) {
      const since = condition.for === undefined ? "" : ` for ${condition.for} s`;
      return `${condition.property} of ${name(condition.device)} ${comparison(condition.is)}${since}`;
    }
    if ("not" in condition) return `not (${describeCondition(condition.not)})`;
    const word = "all" in condition ? " and " : " or ";
    return `(${("all" in condition ? condition.all : condition.any).map(describeCondition).join(word)})`;
  }
}
