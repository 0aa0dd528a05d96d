import { encodeBase64Url, encodeUtf8 } from "#base";
import { sha256 } from "#crypto";

/**
 * Id of the command that a linkage's step gives for an event: base64url of SHA-256 over linkage, topic, offset and step, each ended
 * by NUL, which occurs in none of them. The same event evaluated twice, as after a crash, gives the same id, and the target acts once.
 */
export function commandIdOf(linkage: string, topic: string, offset: number, step: number): string {
  return encodeBase64Url(sha256(encodeUtf8(`${linkage}\0${topic}\0${offset}\0${step}\0`)));
}
