import { credentialError } from "../credentials/errors.ts";
import { type CompactJws, decodeCompactJws } from "../jose/compact-jws.ts";
import { type Disclosure, decodeDisclosure } from "./disclosure.ts";

/** `typ` of SD-JWT VC, and of its drafts before 2024-11, which is VC-JOSE-COSE's for VC Data Model 2.0, too. */
export type SdJwtType = "dc+sd-jwt" | "vc+sd-jwt";
export const SD_JWT_TYPES: readonly SdJwtType[] = ["dc+sd-jwt", "vc+sd-jwt"];

const LIMITS = { text: 1 << 20, disclosures: 1024 };

/** An SD-JWT taken apart (RFC 9901 §4), and not verified. */
export interface SdJwtParts {
  readonly jwt: string;
  readonly token: CompactJws;
  readonly disclosures: readonly Disclosure[];
  /** The key-binding JWT of a presentation. */
  readonly keyBinding: string | undefined;
  /** All before the key-binding JWT, what its `sd_hash` is of. */
  readonly bound: string;
}

/** @throws HansaError `credentials.proof`, `credentials.disclosure` */
export function decodeSdJwt(text: string): SdJwtParts {
  if (text.length > LIMITS.text) throw malformed(`is longer than ${LIMITS.text} characters`);
  const end = text.lastIndexOf("~");
  if (end < 0) throw malformed("has no ~");
  const [jwt, ...encoded] = text.slice(0, end).split("~") as [string, ...string[]];
  if (encoded.length > LIMITS.disclosures) throw malformed(`has more than ${LIMITS.disclosures} disclosures`);
  return {
    jwt,
    token: decodeCompactJws(jwt, SD_JWT_TYPES),
    disclosures: encoded.map(decodeDisclosure),
    keyBinding: end + 1 === text.length ? undefined : text.slice(end + 1),
    bound: text.slice(0, end + 1),
  };
}

/** @returns the SD-JWT without key binding: what the next one is made over */
export function encodeSdJwt(jwt: string, disclosures: readonly Disclosure[]): string {
  let text = `${jwt}~`;
  for (const disclosure of disclosures) text += `${disclosure.text}~`;
  return text;
}

function malformed(problem: string) {
  return credentialError("credentials.proof", `the SD-JWT ${problem}`, { problem });
}
