import { HansaError } from "#base";
import { RESOLUTION_TYPES } from "#protocol";
import { sdkError } from "./errors.ts";

const CODE = /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/;

/**
 * The error of a refusing answer: a problem document (RFC 9457) becomes the `HansaError` that the node threw, with its code, payload
 * and advice; anything else becomes `sdk.refused`.
 */
export function problemError(status: number, type: string, text: string, url: string): HansaError {
  if (type.startsWith("application/problem+json") || type.startsWith("application/json")) {
    const error = readProblem(text, status);
    if (error !== undefined) return error;
  }
  if (type.startsWith(RESOLUTION_TYPES.result) || type.startsWith(RESOLUTION_TYPES.dereferencing)) {
    const error = readResolutionProblem(text, status);
    if (error !== undefined) return error;
  }
  return sdkError("sdk.refused", `the node answered ${status}`, { url, status, text: text.slice(0, 500) });
}

/** The error within an answer of the DID resolver; `undefined` where there is none. */
function readResolutionProblem(text: string, status: number): HansaError | undefined {
  try {
    const { didResolutionMetadata, dereferencingMetadata } = JSON.parse(text) as Record<string, { error?: object }>;
    return readProblem(JSON.stringify((didResolutionMetadata ?? dereferencingMetadata)?.error ?? null), status);
  } catch {
    return undefined;
  }
}

/** The error of a problem document's text; `undefined` where it is none. */
export function readProblem(text: string, status: number): HansaError | undefined {
  let problem: unknown;
  try {
    problem = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof problem !== "object" || problem === null || Array.isArray(problem)) return undefined;
  // Within a stream an error comes as `HansaError` writes itself: `message`, and the payload apart.
  const { type, title, detail, message, payload, code, advice, ...rest } = problem as Record<string, unknown>;
  const name = typeof code === "string" ? code : typeof type === "string" ? type.replace("urn:hansa:error:", "") : "";
  if (!CODE.test(name)) return undefined;
  const said = [detail, message, title].find((text) => typeof text === "string" && text !== "") ?? name;
  return new HansaError(
    name,
    said as string,
    { ...rest, ...(typeof payload === "object" ? payload : {}), status: rest["status"] ?? status },
    { advice: typeof advice === "string" ? advice : undefined },
  );
}
