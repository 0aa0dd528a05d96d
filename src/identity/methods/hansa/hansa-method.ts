import { Lru } from "#base";
import { type DidDocument, type DidDocumentMetadata, didDocument, type IdentityRecord, isDid } from "#protocol";
import { resolutionError } from "../../errors.ts";
import { formatDateTime, parseDateTime } from "../../resolution/date-time.ts";
import type { ParsedDid } from "../../resolution/did-url.ts";
import type { Asker, DidMethod, MethodOptions, Resolved } from "../../resolution/method.ts";
import type { DidLedger } from "./needs.ts";

/** Documents that are kept made. */
const KEPT = 8192;

/** `did:hansa`, read off the ledgers that this node serves. */
export class HansaMethod implements DidMethod {
  readonly name = "hansa";
  readonly options = ["versionId", "versionTime", "group"] as const;
  readonly #ledgers: readonly DidLedger[];
  readonly #made = new Lru<string, Made>(KEPT);

  /** @param ledgers - in the order of the configuration: where several hold a DID, the first answers */
  constructor(ledgers: readonly DidLedger[]) {
    this.#ledgers = ledgers;
  }

  /** @throws HansaError `resolution.did`, `resolution.options`, `resolution.not-found` */
  resolve({ did, id }: ParsedDid, options: MethodOptions, asker: Asker): Resolved {
    if (!isDid(did)) throw resolutionError("resolution.did", "this is not a did:hansa", { text: did.slice(0, 100) });
    const version = readVersion(options);
    const alliance = id.slice(0, id.indexOf(":"));
    for (const ledger of this.#ledgers) {
      if (ledger.alliance !== alliance) continue;
      if (options.group !== undefined && ledger.id !== options.group && ledger.name !== options.group) continue;
      // A group that is for its parties looks to others exactly as one that knows no such DID.
      if (!asker.mayRead(ledger.id)) continue;
      const newest = ledger.identity(did);
      if (newest === undefined) continue;
      return version === undefined || version.id === newest.version
        ? this.#answer(ledger, newest, undefined)
        : this.#answerVersion(ledger, did, version);
    }
    throw resolutionError("resolution.not-found", "no group that may be read here knows this DID", { did });
  }

  #answerVersion(ledger: DidLedger, did: string, version: WantedVersion): Resolved {
    const history = ledger.history(did);
    const at = history.findLastIndex((one) =>
      version.id === undefined ? one.updated <= version.time : one.version === version.id,
    );
    const identity = history[at];
    // Also where the ledger began from a snapshot, and the version is older.
    if (identity === undefined) throw resolutionError("resolution.not-found", "no such version is kept", { did });
    return this.#answer(ledger, identity, history[at + 1]);
  }

  #answer(ledger: DidLedger, identity: IdentityRecord, next: IdentityRecord | undefined): Resolved {
    const { document, text, metadata } = this.#makeOf(identity);
    const { id: group, height } = ledger;
    const method = { group, height };
    if (next === undefined) return { document, text, metadata: { ...metadata, method } };
    const following = { nextUpdate: formatDateTime(next.updated), nextVersionId: String(next.version) };
    return { document, text, metadata: { ...metadata, ...following, method } };
  }

  /** Records are never changed, only replaced: of the same object the same is made. */
  #makeOf(identity: IdentityRecord): Made {
    const { did, version, created, updated, deactivated } = identity;
    const known = this.#made.get(did);
    if (known?.identity === identity) return known;
    const document = deactivated ? null : didDocument(identity);
    const made: Made = {
      identity,
      document,
      text: JSON.stringify(document),
      metadata: {
        created: formatDateTime(created),
        ...(version === 1 ? {} : { updated: formatDateTime(updated) }),
        ...(deactivated ? { deactivated } : {}),
        versionId: String(version),
      },
    };
    this.#made.set(did, made);
    return made;
  }
}

/** What does not depend on the group and its height. */
interface Made {
  readonly identity: IdentityRecord;
  readonly document: DidDocument | null;
  readonly text: string;
  readonly metadata: DidDocumentMetadata;
}

type WantedVersion =
  | { readonly id: number; readonly time?: undefined }
  | { readonly id?: undefined; readonly time: number };

function readVersion({ versionId, versionTime }: MethodOptions): WantedVersion | undefined {
  if (versionId !== undefined) {
    if (!/^[1-9][0-9]{0,14}$/.test(versionId))
      throw resolutionError("resolution.options", "versionId is a number from 1", { option: "versionId" });
    return { id: Number(versionId) };
  }
  if (versionTime === undefined) return undefined;
  const time = parseDateTime(versionTime);
  if (time === undefined)
    throw resolutionError("resolution.options", "versionTime is a moment such as 2026-01-31T12:00:00Z", {
      option: "versionTime",
    });
  // Times are told in whole seconds: `updated` of a version, asked for, has to lead to that version.
  return { time: time + 999 };
}
