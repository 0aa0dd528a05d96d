// Writes docs/reference/*.md out of the tables that the code works with. `renderPages` is pure: a test compares its pages with the files.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ANSWERS, CLI_ENVIRONMENT, ERROR_ROOMS, SETTINGS, WHO_MAY } from "./reference-words.mjs";

const NOTE =
  "<!-- Made by scripts/reference.mjs out of the code. Do not edit by hand: change the code, or scripts/reference-words.mjs. -->";

/** Text in which `<name>` stays text; what stands between backticks is left alone. */
const plain = (text) =>
  String(text)
    .split("`")
    .map((part, i) => (i % 2 === 0 ? part.replaceAll("<", "&lt;") : part))
    .join("`");
/** A cell of a Markdown table. */
const cell = (text) => plain(text).replaceAll("|", "\\|").replaceAll("\n", " ");
const row = (...cells) => `| ${cells.map(cell).join(" | ")} |`;
const table = (head, rows) =>
  [row(...head), `|${head.map(() => "---").join("|")}|`, ...rows.map((cells) => row(...cells))].join("\n");
const page = (title, ...parts) => `${NOTE}\n\n# ${title}\n\n${parts.join("\n\n")}\n`;

/**
 * All pages, by file name.
 *
 * @param tables `{ errors, sdkErrors, cliErrors, operations, queries, routes, config, defaults, environment, commands }`
 */
export function renderPages(tables) {
  return {
    "errors.md": errorsPage(tables),
    "operations.md": operationsPage(tables),
    "queries.md": queriesPage(tables),
    "configuration.md": configurationPage(tables),
    "http-api.md": httpPage(tables),
    "cli.md": cliPage(tables),
  };
}

function errorsPage({ errors, sdkErrors, cliErrors }) {
  const all = Object.entries({ ...errors, ...sdkErrors, ...cliErrors });
  const rooms = Object.entries(ERROR_ROOMS).map(([prefix, [title, words]]) => {
    const entries = all.filter(([code]) => code.split(".")[0] === prefix);
    const numbered = entries.some(([, entry]) => entry.number !== undefined);
    const head = numbered ? ["code", "number", "HTTP", "meaning", "advice"] : ["code", "HTTP", "meaning", "advice"];
    const rows = entries.map(([code, { number, status, meaning, advice }]) =>
      numbered ? [`\`${code}\``, number ?? "", status, meaning, advice] : [`\`${code}\``, status, meaning, advice],
    );
    return `## ${title}\n\n${words}\n\n${table(head, rows)}`;
  });
  return page(
    "Errors",
    `Every refusal has a stable code of the form \`<room>.<what>\`. The HTTP API answers it as a problem document (RFC 9457,
\`application/problem+json\`) whose \`code\` is the code, \`type\` is \`urn:hansa:error:<code>\` (of \`resolution.*\` the W3C's URI,
\`https://www.w3.org/ns/did#NOT_FOUND\`), \`detail\` is a sentence about this very case, and \`advice\` says what to do; further members, such as \`path\` or \`needs\`, belong to the case. The command line prints the same;
\`hansa errors <code>\` explains one.`,
    `A code with a number can stand in a receipt. Receipts hash the number, never the text; a number is never given twice. 0 is success.`,
    ...rooms,
  );
}

/** A schema as a phrase; objects and long unions are left to `fieldsOf`. */
function phrase(schema) {
  if (schema.anyOf !== undefined) {
    if (schema.anyOf.every((one) => one.const !== undefined))
      return schema.anyOf.map((one) => `\`${JSON.stringify(one.const)}\``).join(", ");
    return `one of: ${schema.anyOf.map(phrase).join("; ")}`;
  }
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  const described = schema.description === undefined ? "" : plain(schema.description);
  switch (schema.type) {
    case "object": {
      if (isShare(schema)) return "share of the active members `{ numerator, denominator }`, integers 1 to 100";
      const names = Object.entries(schema.properties ?? {}).map(([name, field]) => {
        if (field.const !== undefined) return `${name}: ${JSON.stringify(field.const)}`;
        return schema.required?.includes(name) ? name : `${name}?`;
      });
      return `object \`{ ${names.join(", ")} }\`${described === "" ? "" : `, ${described}`}`;
    }
    case "array":
      return `list of ${schema.minItems ?? 0} to ${schema.maxItems}: ${phrase(schema.items)}`;
    case "integer": {
      const { minimum, maximum } = schema;
      const range =
        minimum === undefined && maximum === undefined
          ? ""
          : maximum === undefined
            ? ` from ${minimum}`
            : ` ${minimum} to ${maximum}`;
      return `integer${range}${described === "" ? "" : `, ${described}`}${schema.default === undefined ? "" : `; ${schema.default} where left out`}`;
    }
    case "boolean":
      return "true or false";
    case "string": {
      const { minLength, maxLength, pattern, examples } = schema;
      const length =
        described !== "" || pattern !== undefined
          ? ""
          : maxLength === undefined
            ? ""
            : `, ${minLength ?? 0} to ${maxLength} characters`;
      const form = described === "" && pattern !== undefined ? `, \`${pattern}\`` : "";
      const example = examples?.[0] === undefined ? "" : `; for example \`${examples[0]}\``;
      return `text${described === "" ? "" : `: ${described}`}${length}${form}${example}`;
    }
    default:
      return described === "" ? "any value" : described;
  }
}

const isShare = (schema) => Object.keys(schema.properties ?? {}).join() === "numerator,denominator";
const isScalar = (schema) => schema.type !== "object" && schema.type !== "array";

/** A schema's members as a nested list. */
function fieldsOf(schema, depth = 0) {
  const pad = "  ".repeat(depth);
  const lines = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const optional = schema.required?.includes(name) ? "" : " (may be left out)";
    if (name === "contract" || name === "condition") {
      lines.push(`${pad}- \`${name}\`${optional}: see [linkages](../guide/linkages.md)`);
      continue;
    }
    lines.push(`${pad}- \`${name}\`${optional}: ${phrase(field)}`);
    const inner = field.type === "array" ? field.items : field;
    if (inner.type === "object" && !isShare(inner)) lines.push(...fieldsOf(inner, depth + 1));
    for (const one of inner.anyOf ?? [])
      if (one.type === "object" && !Object.values(one.properties).every(isScalar))
        lines.push(`${pad}  - ${phrase(one)}:`, ...fieldsOf(one, depth + 2));
  }
  return lines;
}

function operationsPage({ operations }) {
  const parts = [];
  let module = "";
  for (const [name, schema] of Object.entries(operations)) {
    const [own] = name.split(".");
    if (own !== module) {
      module = own;
      parts.push(`## ${module}`);
    }
    parts.push(
      [
        `### ${name}`,
        ...(schema.description === undefined ? [] : [schema.description]),
        `Who may: ${WHO_MAY[name]}.`,
        fieldsOf(schema).join("\n"),
      ].join("\n\n"),
    );
  }
  return page(
    "Operations",
    `A transaction carries 1 to 100 operations, each \`{ "op": "<name>", "args": { … } }\`; they succeed or fail together. How to make and send one:
[transactions](../guide/transactions.md). Unknown names and fields are refused. Fractions are decimal strings; times are seconds since 1970.`,
    `Rights are checked against the state as it is when the operation is executed. A suspended or removed member does nothing at all.`,
    ...parts,
  );
}

function queriesPage({ queries }) {
  const parts = Object.entries(queries).map(([name, schema]) => {
    const fields = fieldsOf(schema);
    return `## ${name}\n\nAnswers ${ANSWERS[name]}.${fields.length === 0 ? "\n\nNo arguments." : `\n\n${fields.join("\n")}`}`;
  });
  return page(
    "Queries",
    `\`GET /groups/:group/queries/<name>?…\` with the arguments as query parameters. Lists come in pages: pass \`next\` of one page as \`after\` of the
following. A single record that is not there is answered with \`query.not-found\`. With \`height\` a record is answered as it was at the end of that
block. Queries are open to whoever reaches the port, and their answers are the node's word: a proof comes with
\`GET /groups/:group/records?key=…&proof=1\` ([proofs](proofs.md)).`,
    ...parts,
  );
}

/** Leaves of the configuration's schema by path. */
export function settingsOf(schema, prefix = "") {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    if (field.type === "object") return settingsOf(field, `${path}.`);
    if (field.type === "array" && field.items.type === "object") return settingsOf(field.items, `${path}[].`);
    return [{ path, schema: field, optional: !schema.required?.includes(name) }];
  });
}

function configurationPage({ config, defaults, environment }) {
  const variables = Object.fromEntries(Object.entries(environment).map(([name, path]) => [path.join("."), name]));
  const rows = settingsOf(config).map(({ path, schema, optional }) => {
    const initial = path.split(".").reduce((value, step) => value?.[step], defaults);
    return [
      `\`${path}\`${optional ? " (may be left out)" : ""}`,
      phrase(schema),
      initial === undefined ? "" : `\`${JSON.stringify(initial)}\``,
      variables[path] === undefined ? "" : `\`${variables[path]}\``,
      SETTINGS[path],
    ];
  });
  return page(
    "Configuration",
    `A node reads \`config.json\` in its home, which \`hansa init\` writes, and then the environment, which counts more. The whole is held against one
schema: an unknown key, a wrong type or a value out of range is refused as \`node.config\` with the path of what is wrong. A change takes effect at
the next start.`,
    table(["key", "value", "as `hansa init` writes it", "environment", "what it does"], rows),
    `## Environment of the command line`,
    table(
      ["variable", "what it does"],
      Object.entries(CLI_ENVIRONMENT).map(([name, words]) => [`\`${name}\``, words]),
    ),
    `An example as \`hansa init --name acme\` makes it:\n\n\`\`\`json\n${JSON.stringify(
      { ...defaults, member: "acme", hosted: [], groups: [{ name: "main", engineKey: "engine/main" }] },
      null,
      2,
    )}\n\`\`\``,
  );
}

const ACCESS = {
  open: "anybody who reaches the port",
  reader:
    "anyone, or where the group keeps reading to its parties: a DID with a right to read, which signs the request",
  token: "a DID with a connection token",
  member: "the member that runs the node, with a token or certificate, and administrators with theirs",
  admin: "the same; without TLS on loopback: anybody",
  credentials:
    "the member that runs the node, and administrators, or anybody where `identity.credentials` of the configuration says so",
};

function httpPage({ routes }) {
  const parts = Object.entries(routes).map(([name, route]) => {
    const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, parameter]) => `\`${parameter}\``);
    const lines = [
      `## ${route.method} ${route.path}`,
      route.summary,
      `Open to: ${ACCESS[route.access]}. Answers ${route.answer.status === undefined ? "" : `${route.answer.status}, `}\`${route.answer.type}\`. Name in OpenAPI: \`${name}\`.`,
      ...(inPath.length === 0 ? [] : [`In the path: ${inPath.join(", ")}.`]),
      ...(route.body === undefined
        ? []
        : [`Body: ${route.body.map((type) => (type === "" ? "none" : `\`${type}\``)).join(" or ")}.`]),
      ...(route.content === undefined
        ? []
        : [`Body, for example:\n\n\`\`\`json\n${JSON.stringify(route.content.example)}\n\`\`\``]),
      ...(route.query === undefined ? [] : [`Query parameters:\n\n${fieldsOf(route.query).join("\n")}`]),
      ...(route.answer.example === undefined
        ? []
        : [`For example:\n\n\`\`\`json\n${JSON.stringify(route.answer.example)}\n\`\`\``]),
    ];
    return lines.join("\n\n");
  });
  return page(
    "HTTP API",
    `The node serves this table as OpenAPI 3.1 at \`GET /openapi.json\`, with the schemas of all operations and queries. \`:group\` is the group's id or
its name on this node. Refusals are problem documents ([errors](errors.md)). An answer of status 429 or 503 says in \`retry-after\` when to come back.`,
    `A connection token is a JWT of type \`hansa-connect+jwt\`, sent as \`Authorization: Bearer …\`; [devices](../guide/devices.md) says what is in it, and
\`hansa topic token\` makes one. Everything marked as open, the ledger's records and blocks among them, is open to whoever reaches the port
while the group's \`reads\` is \`anyone\`; [access](../guide/access.md) says who reads the others, and how. The node listens on loopback unless its configuration
says otherwise; TLS is off until \`tls.mode\` turns it on.`,
    ...parts,
  );
}

function commandParts(entry, above, level) {
  const name = [...above, entry.name];
  const title = `${"#".repeat(level)} hansa ${name.join(" ")}`;
  if (entry.commands !== undefined)
    return [
      `${title}\n\n${entry.summary}`,
      ...entry.commands.flatMap((inner) => commandParts(inner, name, Math.min(level + 1, 4))),
    ];
  const usage = [
    "hansa",
    ...name,
    ...entry.arguments.map((argument) => argument.name),
    ...(entry.options.length > 0 || entry.transacts ? ["[options]"] : []),
  ];
  const rows = [
    ...entry.arguments.map(({ name: argument, description }) => [`\`${argument}\``, description]),
    ...entry.options.map(({ flags, description, choices, default: initial, required }) => [
      `\`${flags}\``,
      [
        description,
        ...(choices === undefined ? [] : [`one of ${choices.join(", ")}`]),
        ...(initial === undefined ? [] : [`\`${initial}\` where left out`]),
        ...(required === true ? ["needed"] : []),
      ].join("; "),
    ]),
  ];
  return [
    [
      title,
      entry.summary,
      `\`\`\`sh\n${usage.join(" ")}\n\`\`\``,
      ...(rows.length === 0 ? [] : [table(["argument or option", "meaning"], rows)]),
      ...(entry.transacts ? ["Sends a transaction: takes `--also`, `--out` and `--valid`, too."] : []),
      `Examples:\n\n\`\`\`sh\n${entry.examples.join("\n")}\n\`\`\``,
    ].join("\n\n"),
  ];
}

function cliPage({ commands }) {
  return page(
    "Command line",
    `\`hansa [options] <command>\`. \`--help\` behind any command says the same as this page. Exit codes: 0 done, 1 refused or failed, 2 wrong call, 3 no node
answers. Errors go to standard error with their code ([errors](errors.md)).`,
    `Every command knows:`,
    table(
      ["option", "meaning"],
      [
        ["`--json`", "print one JSON value for programs"],
        ["`--pick <path>`", "print one value of that JSON alone, for scripts: `nonce`, `facts.0.data`"],
        ["`--full`", "do not shorten ids and lines; they are shortened on a terminal alone"],
        ["`--url <url>`", "address of a node (`HANSA_URL`; `http://127.0.0.1:7420`)"],
        ["`--group <group>`", "id or name of the group, where the node has several"],
        ["`--home <folder>`", "keys and configuration (`HANSA_HOME`; `./.hansa`)"],
        ["`--as <name>`", "which identity of the home signs (`HANSA_AS`)"],
        [
          "`--ca <file>`",
          "authorities to trust for the node, PEM (`HANSA_CA`; `client/ca.pem` or `tls/ca.pem` of the home)",
        ],
        ["`--cert <file>`", "client certificate, PEM (`HANSA_CERT`; `client/cert.pem` of the home)"],
        ["`--key <file>`", "its key, PEM (`HANSA_KEY`; `client/key.pem` of the home)"],
        ["`--passphrase-file <file>`", "file with the passphrase of the keys (else `HANSA_PASSPHRASE`, or asked for)"],
      ],
    ),
    `Commands that send a transaction know, too:`,
    table(
      ["option", "meaning"],
      [
        ["`--also <name>`", "another identity of the home that signs; may be repeated"],
        ["`--out <file>`", "do not send it: write the signed transaction for other parties (`-` for standard output)"],
        ["`--valid <time>`", "how long it may be executed (`60s`)"],
      ],
    ),
    `Lengths of time are \`90s\`, \`15m\`, \`12h\`, \`30d\`, \`2w\`, \`1y\`; moments are ISO 8601 or a length of time from now. A DID may be given by the name of an
identity of the home.`,
    ...commands.flatMap((entry) => commandParts(entry, [], 2)),
  );
}

async function main() {
  const [
    { ALL_ERRORS, NodeConfig, DEFAULT_CONFIG, ENVIRONMENT },
    { SDK_ERRORS },
    { CLI_ERRORS },
    { OPERATIONS, QUERIES, ROUTES },
    { COMMANDS },
  ] = await Promise.all([
    import("#node"),
    import("#sdk"),
    import("#cli"),
    import("#protocol"),
    import("../dist/cli/commands.js"),
  ]);
  const pages = renderPages({
    errors: ALL_ERRORS,
    sdkErrors: SDK_ERRORS,
    cliErrors: CLI_ERRORS,
    operations: OPERATIONS,
    queries: QUERIES,
    routes: ROUTES,
    config: NodeConfig,
    defaults: DEFAULT_CONFIG,
    environment: ENVIRONMENT,
    commands: COMMANDS,
  });
  const folder = join(import.meta.dirname, "..", "docs", "reference");
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(pages)) writeFileSync(join(folder, file), text);
  console.log(`${Object.keys(pages).length} pages written to docs/reference; they follow dist/, so build first`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
