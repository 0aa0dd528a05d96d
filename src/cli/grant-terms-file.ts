/** Terms of grants at the command line: what flags say of them, and the files that hold them with their salts. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { InvalidArgumentError } from "commander";
import { decodeUtf8, isHansaError } from "#base";
import {
  createGrantId,
  decodeTerms,
  type GrantAction,
  type GrantResource,
  type GrantTerms,
  MOST_TERMS,
  makeTerms,
  purposeIri,
  shortPurpose,
  suggestPurposes,
  type TermsDocument,
} from "#protocol";
import type { OptionSpec } from "./command.ts";
import { cliError } from "./errors.ts";
import { readBytes, writeNewFile } from "./home/files.ts";
import { collect, type Moment, parseCount, parseMoment, parseNumber } from "./parse.ts";
import type { Shell } from "./shell.ts";

/** What the flags of `give` and `delegate` say of the terms. */
export interface TermsOptions {
  readonly topic?: string;
  readonly path?: string;
  readonly device?: string;
  readonly property?: string;
  readonly dataset?: string;
  readonly credential?: string;
  readonly purpose?: readonly string[];
  readonly action?: readonly string[];
  readonly jurisdiction?: readonly string[];
  readonly controller?: string;
  readonly contact?: string;
  readonly service?: string;
  readonly category?: readonly string[];
  readonly from?: Moment;
  readonly until?: Moment;
  readonly count?: number;
  readonly delegable: number;
  readonly terms?: string;
}

export const TERMS_OPTIONS: readonly OptionSpec[] = [
  { flags: "--topic <topic>", description: "the data: events of this topic" },
  { flags: "--path <filter>", description: "only those below the topic that this MQTT filter matches" },
  { flags: "--device <device>", description: "the data: a property of this device, DID or name" },
  { flags: "--property <name>", description: "which property of the device" },
  { flags: "--dataset <name>", description: "the data: a dataset that the provider stores" },
  { flags: "--credential <type>", description: "the data: credentials of this type" },
  {
    flags: "--purpose <purpose>",
    description: "W3C DPV term, dpv:Term or its IRI; may be repeated",
    parse: collectPurposes,
  },
  { flags: "--action <action>", description: "read or subscribe; may be repeated (read)", parse: collect },
  {
    flags: "--jurisdiction <code>",
    description: "ISO 3166 code of where the data may be; may be repeated",
    parse: collect,
  },
  { flags: "--controller <name>", description: "who answers for the data at the recipient's; never on the ledger" },
  { flags: "--contact <text>", description: "how the controller is reached; never on the ledger" },
  { flags: "--service <text>", description: "what the owner gets for it; never on the ledger" },
  { flags: "--category <text>", description: "what kind of data it is; may be repeated", parse: collect },
  { flags: "--from <moment>", description: "when it begins (now)", parse: parseMoment },
  { flags: "--until <moment>", description: "when it ends (30d)", parse: parseMoment },
  { flags: "--count <count>", description: "how many releases in all", parse: parseCount },
  {
    flags: "--delegable <levels>",
    description: "how many levels the recipient may hand it on",
    parse: parseNumber,
    default: 0,
  },
];

/** Gathers purposes as IRIs. */
export function collectPurposes(text: string, before?: readonly string[]): string[] {
  const iri = purposeIri(text);
  if (iri !== undefined) return [...(before ?? []), iri];
  const known = suggestPurposes(text);
  const instead = known.length === 0 ? "" : ` Was ${known.join(" or ")} meant?`;
  throw new InvalidArgumentError(`A purpose is wanted: dpv:ServiceProvision or https://w3id.org/dpv#….${instead}`);
}

/** The data that the flags name; `undefined` where they name none. */
async function resourceOf(shell: Shell, options: TermsOptions): Promise<GrantResource | undefined> {
  const { topic, path, device, property, dataset, credential } = options;
  const named = [topic, device, dataset, credential].filter((value) => value !== undefined);
  if (
    named.length > 1 ||
    (topic === undefined && path !== undefined) ||
    (device === undefined) !== (property === undefined)
  )
    throw cliError(
      "cli.argument",
      "one kind of data is wanted: --topic (with --path), --device with --property, --dataset, or --credential",
    );
  if (topic !== undefined) return { kind: "topic", topic, ...(path === undefined ? {} : { path }) };
  if (device !== undefined && property !== undefined)
    return { kind: "property", device: await shell.did(device), property };
  if (dataset !== undefined) return { kind: "dataset", dataset };
  return credential === undefined ? undefined : { kind: "credential", type: credential };
}

/**
 * The terms that the flags say; what they leave out is as in `above`, the terms that are handed on.
 *
 * @throws HansaError `cli.argument`
 */
export async function termsOf(shell: Shell, options: TermsOptions, above?: GrantTerms): Promise<GrantTerms> {
  const resource = (await resourceOf(shell, options)) ?? above?.resource;
  const purposes = options.purpose ?? above?.purposes;
  const jurisdictions = options.jurisdiction ?? above?.jurisdictions;
  const missing = [
    resource === undefined ? "the data (--topic, --device, --dataset or --credential)" : undefined,
    purposes === undefined ? "--purpose" : undefined,
    jurisdictions === undefined ? "--jurisdiction" : undefined,
  ].filter((name) => name !== undefined);
  if (resource === undefined || purposes === undefined || jurisdictions === undefined)
    throw cliError("cli.argument", `nobody says ${missing.join(", nor ")}`);
  const { controller, contact } = options;
  if (controller === undefined && contact !== undefined)
    throw cliError("cli.argument", "--contact goes with --controller");
  return {
    resource,
    purposes: [...purposes],
    actions: (options.action as GrantAction[] | undefined) ?? [...(above?.actions ?? ["read" as const])],
    jurisdictions: [...jurisdictions],
    // Another recipient has another controller: nothing of it is taken over.
    controller: controller === undefined ? null : { name: controller, ...(contact === undefined ? {} : { contact }) },
    service: options.service ?? above?.service ?? null,
    categories: [...(options.category ?? above?.categories ?? [])],
  };
}

/**
 * Terms with fresh salts, under a fresh id.
 *
 * @throws HansaError `cli.argument` where a flag's value does not fit
 */
export function newDocument(terms: GrantTerms): TermsDocument {
  try {
    return makeTerms(createGrantId(), terms);
  } catch (error) {
    if (!isHansaError(error, "grant.terms-malformed")) throw error;
    throw cliError("cli.argument", error.message, error.payload, error);
  }
}

/** Where a home keeps the terms of a grant. */
export function termsPath(shell: Shell, grant: string): string {
  return join(shell.home, "grants", `${grant}.json`);
}

/** Writes terms with their salts, for the owner of the file only. They are gone with it: a grant without them opens for nobody. */
export function saveTerms(path: string, document: TermsDocument): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeNewFile(path, `${JSON.stringify(document, null, 2)}\n`, 0o600);
}

/** Takes a terms file back whose grant the ledger refused. */
export function dropTerms(path: string): void {
  rmSync(path, { force: true });
}

/**
 * The terms document of a grant: of a file that is named, else of the home. `undefined` where the home has none.
 *
 * @throws HansaError `cli.file-missing`, `cli.file-malformed`
 */
export function loadTerms(shell: Shell, grant: string, named?: string): TermsDocument | undefined {
  const path = named === undefined ? termsPath(shell, grant) : shell.path(named);
  if (named === undefined && !existsSync(path)) return undefined;
  try {
    return decodeTerms(decodeUtf8(readBytes(path, 4 * MOST_TERMS)) ?? "");
  } catch (error) {
    if (!isHansaError(error, "grant.terms-malformed")) throw error;
    throw cliError("cli.file-malformed", `${path}: ${error.message}`, { path }, error);
  }
}

/** Terms as fields on the screen. */
export function describeTerms(shell: Shell, terms: GrantTerms): [string, string][] {
  const { resource, controller } = terms;
  const data = {
    topic: () => `topic ${"topic" in resource ? `${resource.topic}/${resource.path ?? "#"}` : ""}`,
    property: () => ("device" in resource ? `property ${resource.property} of ${shell.id(resource.device)}` : ""),
    credential: () => `credentials ${"type" in resource ? resource.type : ""}`,
    dataset: () => `dataset ${"dataset" in resource ? resource.dataset : ""}`,
  }[resource.kind]();
  const fields: [string, string][] = [
    ["data", data],
    ["for", terms.purposes.map(shortPurpose).join(", ")],
    ["to", terms.actions.join(", ")],
    ["in", terms.jurisdictions.join(", ")],
  ];
  if (controller !== null)
    fields.push([
      "controller",
      controller.contact === undefined ? controller.name : `${controller.name}, ${controller.contact}`,
    ]);
  if (terms.service !== null) fields.push(["service", terms.service]);
  if (terms.categories.length > 0) fields.push(["categories", terms.categories.join(", ")]);
  return fields.map(([name, value]) => [name, shell.value(value)]);
}
