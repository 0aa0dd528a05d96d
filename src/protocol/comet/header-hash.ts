import { decodeBase64Url, encodeBase64Url, encodeUtf8 } from "#base";
import { leafHash, treeHash } from "#crypto";
import { protocolError } from "../errors.ts";
import { bytesField, message, messageField, varintField } from "./protobuf.ts";
import type { CometBlockId, CometHeader } from "./signed-block.ts";
import { encodeTimestamp } from "./timestamp.ts";

/**
 * Bytes of a member in base64url.
 *
 * @throws HansaError `proof.malformed` for a second spelling of the same bytes too
 */
export function bytesOf(text: string, what: string): Uint8Array {
  const bytes = decodeBase64Url(text);
  if (bytes === undefined) throw protocolError("proof.malformed", `${what} is not base64url`, { what });
  return bytes;
}

/** @throws HansaError `proof.malformed` */
export function timestampOf(text: string, what: string): Uint8Array {
  const bytes = encodeTimestamp(text);
  if (bytes === undefined) throw protocolError("proof.malformed", `${what} is not a time as headers have it`, { what });
  return bytes;
}

/** `BlockID`, and `CanonicalBlockID`, which has the same fields; `null` is the empty one. */
export function encodeBlockId(id: CometBlockId | null): Uint8Array {
  // BlockID { bytes hash = 1; PartSetHeader part_set_header = 2, not nullable { uint32 total = 1; bytes hash = 2 } }
  if (id === null) return messageField(2, message());
  return message(
    bytesField(1, bytesOf(id.hash, "block hash")),
    messageField(2, message(varintField(1, id.parts.total), bytesField(2, bytesOf(id.parts.hash, "parts hash")))),
  );
}

/**
 * Hash of a CometBFT header, base64url (`Header.Hash` of v0.38): the Merkle root (RFC 6962) over its fields, each as protobuf encodes
 * it alone.
 *
 * @throws HansaError `proof.malformed` where a member is no hash, address or time
 * @example
 * ```ts
 * hashCometHeader(header) === commit.blockId.hash;
 * ```
 */
export function hashCometHeader(header: CometHeader): string {
  const wrapped = (text: string, what: string) => bytesField(1, bytesOf(text, what));
  const fields = [
    message(varintField(1, header.version.block), varintField(2, header.version.app)),
    bytesField(1, encodeUtf8(header.chainId)),
    varintField(1, header.height),
    timestampOf(header.time, "time"),
    encodeBlockId(header.lastBlockId),
    wrapped(header.lastCommitHash, "lastCommitHash"),
    wrapped(header.dataHash, "dataHash"),
    wrapped(header.validatorsHash, "validatorsHash"),
    wrapped(header.nextValidatorsHash, "nextValidatorsHash"),
    wrapped(header.consensusHash, "consensusHash"),
    wrapped(header.appHash, "appHash"),
    wrapped(header.lastResultsHash, "lastResultsHash"),
    wrapped(header.evidenceHash, "evidenceHash"),
    wrapped(header.proposerAddress, "proposerAddress"),
  ];
  return encodeBase64Url(treeHash(fields.map((field) => leafHash(field))));
}
