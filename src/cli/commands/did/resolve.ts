import type { DidDereferencingResult, DidDocumentMetadata, DidResolutionResult } from "#protocol";
import { type DidResolutionOptions, dereferenceDidUrl, resolveDid } from "#sdk";
import { type Answer, defineCommand } from "../../command.ts";
import { type Moment, parseCount, parseMoment } from "../../parse.ts";
import type { Shell } from "../../shell.ts";

interface ResolveOptions {
  readonly versionId?: number;
  readonly versionTime?: Moment;
  readonly publicKeyFormat?: string;
}

export const didResolve = defineCommand<[url: string], ResolveOptions>({
  name: "resolve",
  summary: "Resolve a DID of any method that the node knows, or dereference a DID URL.",
  arguments: [{ name: "<did-or-url>", description: "DID, DID URL, or name of an identity of the home" }],
  options: [
    { flags: "--version-id <number>", description: "did:hansa: its version of this number", parse: parseCount },
    { flags: "--version-time <moment>", description: "did:hansa: as of this moment", parse: parseMoment },
    {
      flags: "--public-key-format <format>",
      description: "did:key: how the key is written",
      choices: ["Multikey", "JsonWebKey", "JsonWebKey2020", "Ed25519VerificationKey2020"],
    },
  ],
  examples: [
    "hansa did resolve acme",
    "hansa did resolve acme --version-time 2026-01-31T12:00:00Z --group main --json",
    "hansa did resolve did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK --public-key-format JsonWebKey",
    "hansa did resolve 'did:hansa:hanse:3QJmV3qfvL9SuYo34YihAf3sRCW3?service=files&relativeRef=%2Fmanual.pdf'",
  ],
  async run(shell, { versionId, versionTime, publicKeyFormat }, given) {
    const url = given.startsWith("did:") ? given : await shell.did(given);
    const { group } = shell.globals;
    // Loaded when needed: the room of identity is much, and most commands do without.
    const { formatDateTime } = await import("#identity");
    const wanted: DidResolutionOptions = {
      ...(versionId === undefined ? {} : { versionId: String(versionId) }),
      ...(versionTime === undefined ? {} : { versionTime: formatDateTime(versionTime(shell.io.now()) * 1000) }),
      // Of other methods no group knows anything.
      ...(group === undefined || !url.startsWith("did:hansa:") ? {} : { group }),
      ...(publicKeyFormat === undefined ? {} : { publicKeyFormat }),
    };
    const how = { signal: shell.io.signal };
    return /[/?#]/.test(url)
      ? showPart(shell, await dereferenceDidUrl(shell.client, url, wanted, how))
      : showDocument(shell, await resolveDid(shell.client, url, wanted, how));
  },
});

function showDocument(shell: Shell, found: DidResolutionResult): Answer {
  const { didDocument, didDocumentMetadata } = found;
  const document = didDocument === null ? "" : `\n\n${JSON.stringify(didDocument, null, 2)}`;
  return { json: found, text: `${metadataText(shell, didDocumentMetadata)}${document}`.trim() };
}

function showPart(shell: Shell, found: DidDereferencingResult): Answer {
  const { content, dereferencingMetadata, contentMetadata } = found;
  const { serviceEndpoints } = dereferencingMetadata;
  // Whoever names a service wants to know where it is.
  const told = serviceEndpoints?.join("\n") ?? (content === null ? "" : JSON.stringify(content, null, 2));
  return { json: found, text: `${metadataText(shell, contentMetadata)}\n\n${told}`.trim() };
}

function metadataText(shell: Shell, metadata: DidDocumentMetadata): string {
  const { versionId, created, updated, deactivated, nextVersionId, nextUpdate, method } = metadata;
  const row = (name: string, value: string | undefined): [string, string] | undefined =>
    value === undefined ? undefined : [name, value];
  const rows = [
    row("version", versionId),
    row("status", versionId === undefined ? undefined : shell.status(deactivated === true ? "deactivated" : "active")),
    row("created", created),
    row("updated", updated),
    row("next", nextVersionId === undefined ? undefined : `version ${nextVersionId}, ${nextUpdate}`),
    row("read at", method === undefined ? undefined : `block ${method.height} of ${shell.id(method.group)}`),
  ];
  return rows.some((one) => one !== undefined) ? shell.fields(rows) : "";
}
