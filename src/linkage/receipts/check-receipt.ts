import { encodeBase64Url, encodeUtf8, isHansaError } from "#base";
import { sha256 } from "#crypto";
import { type Command, type CommandReceipt, decodeCommandReceipt, didOfKeyId, isSignedBy } from "#protocol";
import type { DeviceFacts, MemberFacts } from "../needs.ts";

/** SHA-256 of a token, base64url, as receipts name their command. */
export function digestOfToken(token: string): string {
  return encodeBase64Url(sha256(encodeUtf8(token)));
}

/** The receipt, where it is one for this command, signed by the active member that operates the target; else `undefined`. */
export function isReceiptFor(
  sent: { readonly command: Command; readonly token: string },
  text: string,
  members: MemberFacts,
  devices: DeviceFacts,
): CommandReceipt | undefined {
  let decoded: ReturnType<typeof decodeCommandReceipt>;
  try {
    decoded = decodeCommandReceipt(text);
  } catch (error) {
    if (isHansaError(error)) return undefined;
    throw error;
  }
  const { token, receipt } = decoded;
  const { command } = sent;
  if (receipt.jti !== command.jti || receipt.linkage !== command.linkage || receipt.device !== command.sub)
    return undefined;
  if (receipt.command !== digestOfToken(sent.token)) return undefined;
  if (didOfKeyId(token.header.kid) !== receipt.iss || devices.operatorOf(command.sub) !== receipt.iss) return undefined;
  const key = members.isActive(receipt.iss) ? members.keyOf(token.header.kid) : undefined;
  return key !== undefined && isSignedBy(token, key) ? receipt : undefined;
}
