/** Verification on this machine: DIDs from documents at hand, or from the node; statuses from the lists' own addresses. */
import { decodeUtf8, isHansaError, type JsonObject, parseJson } from "#base";
import {
  type DidMethod,
  DidResolver,
  isEnvelope,
  type KeyFinder,
  keyMethod,
  LIST_ACCEPT,
  type ListKind,
  makeKeyFinder,
  type StatusSource,
  statusSource,
  type VerifiedCredential,
  type VerifyOptions,
  verifyCredential,
  verifyEnveloped,
} from "#identity";
import { type DidDocument, isDid, type RecognitionView } from "#protocol";
import { query, resolveDid } from "#sdk";
import { cliError } from "../errors.ts";
import { readJsonFile } from "../home/files.ts";
import type { Shell } from "../shell.ts";

export interface VerifyingOptions {
  /** No network at all. */
  readonly offline?: boolean;
  /** Files with DID documents, for `did:hansa` and others where there is no node to ask. */
  readonly didDocument?: readonly string[];
  /** Does without the status. */
  readonly status?: boolean;
  readonly recognised?: boolean;
}

const LIST_BYTES = 4 << 20;

/** What a verifier on this machine goes by. */
export function verifyOptionsOf(shell: Shell, options: VerifyingOptions): VerifyOptions {
  const now = shell.io.now();
  const keys = keysOf(shell, options);
  if (options.recognised === true && options.offline === true)
    throw cliError("cli.argument", "who is recognised stands on the ledger: --recognised goes with a node", {});
  return {
    keys,
    now,
    checkStatus: options.status !== false,
    ...(options.offline === true ? {} : { status: statusesOf(shell, keys) }),
    ...(options.recognised === true ? { recognised: (issuer, types) => isRecognised(shell, issuer, types) } : {}),
  };
}

/** Verifies a credential, one in an envelope included. @throws HansaError `credentials.*` */
export async function verifyDocument(document: JsonObject, options: VerifyOptions): Promise<VerifiedCredential> {
  return isEnvelope(document) ? verifyEnveloped(document, options) : verifyCredential(document, options);
}

function keysOf(shell: Shell, { offline, didDocument = [] }: VerifyingOptions): KeyFinder {
  const given = new Map(
    didDocument.map((file) => {
      const document = readJsonFile(shell.path(file)) as DidDocument;
      // A resolution result holds the document.
      const inner = (document as { didDocument?: DidDocument }).didDocument ?? document;
      return [inner.id, inner] as const;
    }),
  );
  const at = (name: string): DidMethod => ({
    name,
    options: [],
    async resolve({ did }) {
      const known = given.get(did);
      if (known !== undefined) return { document: known, metadata: {} };
      if (offline === true)
        throw cliError("cli.did-unknown", `nothing at hand says which keys ${did} has: --did-document`, { did });
      const { didDocument: document, didDocumentMetadata } = await resolveDid(
        shell.client,
        did,
        {},
        { signal: shell.io.signal },
      );
      return { document, metadata: didDocumentMetadata };
    },
  });
  return makeKeyFinder(new DidResolver([keyMethod, at("hansa"), at("web")]), { mayRead: () => true });
}

function statusesOf(shell: Shell, keys: KeyFinder): StatusSource {
  return statusSource({
    keys,
    now: () => shell.io.now(),
    fetchList: (url, kind) => fetchList(shell, url, kind),
  });
}

/** With the client's own trust, so that a node with certificates of its member's authority is asked as any other. */
export async function fetchList(
  shell: Shell,
  url: string,
  kind: ListKind = "credential",
): Promise<string | JsonObject | undefined> {
  const accept = LIST_ACCEPT[kind];
  const response = await shell.client.fetch(url, { headers: { accept }, redirect: "error", signal: shell.io.signal });
  if (!response.ok) return undefined;
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = bytes.length > LIST_BYTES ? undefined : decodeUtf8(bytes);
  return text?.trimStart().startsWith("{") ? (parseJson(text, { depth: 32, integers: false }) as JsonObject) : text;
}

async function isRecognised(shell: Shell, issuer: string, types: readonly string[]): Promise<boolean> {
  if (!isDid(issuer)) return false;
  for (const type of types.length === 0 ? ["VerifiableCredential"] : types)
    try {
      const view = (await query(shell.client, "issuers.recognised", { issuer, type })) as RecognitionView;
      if (!view.recognised) return false;
    } catch (error) {
      if (isHansaError(error, "query.arguments")) return false;
      throw error;
    }
  return true;
}
