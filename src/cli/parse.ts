/** Parsers of arguments. What they throw, commander reports with the argument's name, and the command ends with 2. */
import { InvalidArgumentError } from "commander";
import { ALLIANCE_PATTERN, isDid, NodeAddress, NodeEndpoint, type Role, type TopicRule, type Who } from "#protocol";

/** A whole number from 0. */
export function parseNumber(text: string): number {
  if (!/^(0|[1-9][0-9]{0,14})$/.test(text)) throw new InvalidArgumentError("A whole number is wanted.");
  return Number(text);
}

/** A whole number from 1. */
export function parseCount(text: string): number {
  const count = parseNumber(text);
  if (count === 0) throw new InvalidArgumentError("A whole number from 1 is wanted.");
  return count;
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** A length of time in seconds: `90s`, `15m`, `12h`, `30d`, `2w`, `1y`, or plain seconds. */
export function parseDuration(text: string): number {
  const [, digits, unit] = /^([1-9][0-9]{0,8})([smhdwy]?)$/.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError("A length of time is wanted: 90s, 15m, 12h, 30d, 2w or 1y.");
  return Number(digits) * (UNITS[unit === "" || unit === undefined ? "s" : unit] as number);
}

/** A moment: ISO 8601, or a length of time from now. Answers seconds since 1970, given now in milliseconds. */
export type Moment = (now: number) => number;

export function parseMoment(text: string): Moment {
  if (/^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(text)) {
    const time = Date.parse(text);
    if (!Number.isNaN(time)) return () => Math.floor(time / 1000);
  }
  if (!/^[1-9][0-9]*[smhdwy]$/.test(text))
    throw new InvalidArgumentError("A moment is wanted: 2027-01-31, 2027-01-31T12:00:00Z, or 90d from now.");
  const seconds = parseDuration(text);
  return (now) => Math.floor(now / 1000) + seconds;
}

const ROLES: readonly string[] = ["platform", "maker", "lab", "regulator"];

/** Roles, with commas between them. */
export function parseRoles(text: string): Role[] {
  const roles = text.split(",").map((role) => role.trim());
  const unknown = roles.find((role) => !ROLES.includes(role));
  if (unknown !== undefined) throw new InvalidArgumentError(`${unknown} is no role: ${ROLES.join(", ")}.`);
  return [...new Set(roles)] as Role[];
}

/** Any texts, with commas between them. */
export function parseList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

const NAME = new RegExp(ALLIANCE_PATTERN);

/** Name of an alliance or a group. */
export function parseGroupName(text: string): string {
  if (text.length > 32 || !NAME.test(text))
    throw new InvalidArgumentError("A name of 1 to 32 lower-case letters, digits and dashes is wanted.");
  return text;
}

const ADDRESS = new RegExp(NodeAddress.pattern as string);
const ENDPOINT = new RegExp(NodeEndpoint.pattern as string);

/** `host:port`, where a node is dialled or listens. */
export function parseAddress(text: string): string {
  const port = Number(text.slice(text.lastIndexOf(":") + 1));
  if (!ADDRESS.test(text) || port < 1 || port > 65_535)
    throw new InvalidArgumentError("A host and a port are wanted: ledger.acme.example:7422 or [2001:db8::7]:7422.");
  return text;
}

/** Address of an HTTP API, without a path. */
export function parseEndpoint(text: string): string {
  if (!ENDPOINT.test(text))
    throw new InvalidArgumentError("An address without path is wanted: https://ledger.acme.example:7420.");
  return text;
}

export function isNodeId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Id of a node, as `hansa node list --full` shows it. */
export function parseNodeId(text: string): string {
  if (!isNodeId(text)) throw new InvalidArgumentError("A node's id is wanted: 40 hexadecimal digits.");
  return text;
}

/** Gathers an option that may stand several times. */
export function collect(text: string, before?: readonly string[]): string[] {
  return [...(before ?? []), text];
}

/**
 * Gathers rules of a topic: `<did>`, `role:<role>`, `devices-of:<did>`, `owners-of-devices-of:<did>`; `@<filter>` behind it limits the
 * rule to what lies below.
 */
export function collectRules(text: string, before?: readonly TopicRule[]): TopicRule[] {
  const cut = text.indexOf("@");
  const who = parseWho(cut < 0 ? text : text.slice(0, cut));
  return [...(before ?? []), cut < 0 ? { who } : { who, at: text.slice(cut + 1) }];
}

function parseWho(text: string): Who {
  if (isDid(text)) return { did: text };
  const cut = text.indexOf(":");
  const rest = text.slice(cut + 1);
  const kind = text.slice(0, cut);
  if (kind === "role" && ROLES.includes(rest)) return { role: rest as Role };
  if (kind === "devices-of" && isDid(rest)) return { devicesOf: rest };
  if (kind === "owners-of-devices-of" && isDid(rest)) return { ownersOfDevicesOf: rest };
  throw new InvalidArgumentError(
    "A rule is wanted: a DID, role:<role>, devices-of:<did> or owners-of-devices-of:<did>, then @<filter> if it is narrower.",
  );
}
