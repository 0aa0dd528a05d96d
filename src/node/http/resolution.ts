/** The HTTP binding of DID Resolution (W3C DID Resolution §12.1). */
import { HansaError } from "#base";
import { type Asker, type Dereferenced, type DidResolver, RESOLUTION_ERRORS, resolutionError } from "#identity";
import { RESOLUTION_TYPES } from "#protocol";
import { typeChooser } from "./accept.ts";
import { problemOf } from "./problem.ts";

type MediaType = (typeof RESOLUTION_TYPES)[keyof typeof RESOLUTION_TYPES];

const { result, dereferencing, document, documentJson, documentJsonLd, legacyResult, uriList } = RESOLUTION_TYPES;
/** What a kind of answer comes as; the first where the client takes anything. */
function offer(types: readonly MediaType[]) {
  // Only where services were selected is there anything to list.
  return { types, choose: typeChooser([...types, uriList]), chooseUnlisted: typeChooser(types) };
}
const OF_WHOLE = offer([result, document, documentJsonLd, documentJson, legacyResult, dereferencing]);
const OF_PART = offer([dereferencing, document, documentJsonLd, documentJson]);

export interface ResolutionRequest {
  /** DID or DID URL, decoded. */
  readonly url: string;
  readonly options: Readonly<Record<string, string | number>>;
  readonly accept: string | undefined;
  readonly asker: Asker;
}

export interface ResolutionResponse {
  readonly status: number;
  readonly type: string;
  readonly location?: string;
  readonly body: string;
}

/**
 * Answers one request of the binding. What is wrong with the DID, or unknown, is an answer as well.
 *
 * @throws HansaError what other rooms throw: a token that is no good
 */
export async function answerResolution(resolver: DidResolver, request: ResolutionRequest): Promise<ResolutionResponse> {
  // Fragments are parts of documents, known or not: errors come in the form that the answer would have.
  const offered = request.url.includes("#") ? OF_PART : OF_WHOLE;
  let type = offered.choose(request.accept);
  try {
    // Before anybody is asked.
    if (type === undefined) throw notAcceptable(offered.types);
    const found = await resolver.dereference(request.url, request.options, request.asker);
    if (type === uriList && found.endpoints === undefined) {
      type = offered.chooseUnlisted(request.accept);
      if (type === undefined) throw notAcceptable(offered.types);
    }
    return render(found, type);
  } catch (error) {
    if (!(error instanceof HansaError) || !Object.hasOwn(RESOLUTION_ERRORS, error.code)) throw error;
    return refuse(error, type);
  }
}

function notAcceptable(offered: readonly MediaType[]) {
  return resolutionError("resolution.representation", "the answer comes in none of the media types that are accepted", {
    offers: offered,
  });
}

function render(found: Dereferenced, type: MediaType): ResolutionResponse {
  const { content, text = JSON.stringify(content), metadata, endpoints } = found;
  const gone = metadata.deactivated === true && content === null;
  const status = gone ? 410 : 200;
  switch (type) {
    case result:
    case legacyResult: {
      const process = gone ? "{}" : `{"contentType":"${document}"}`;
      const body = `{"didDocument":${text},"didResolutionMetadata":${process},"didDocumentMetadata":${JSON.stringify(metadata)}}`;
      return { status, type, body };
    }
    case dereferencing: {
      const process = {
        ...(content === null ? {} : { contentType: document }),
        ...(endpoints === undefined ? {} : { serviceEndpoints: endpoints }),
      };
      const body = `{"content":${text},"dereferencingMetadata":${JSON.stringify(process)},"contentMetadata":${JSON.stringify(metadata)}}`;
      return { status, type, body };
    }
    case uriList: {
      if (gone) throw deactivated();
      const [location] = endpoints ?? [];
      if (location === undefined)
        throw resolutionError("resolution.not-found", "the selected services have no endpoint that is a URL", {});
      return { status: 303, type, location, body: "" };
    }
    default:
      if (gone) throw deactivated();
      if (content === null) throw resolutionError("resolution.not-found", "the DID document has no such part", {});
      return { status, type, body: text };
  }
}

function deactivated() {
  return resolutionError("resolution.deactivated", "the DID was deactivated", {});
}

function refuse(error: HansaError, type: MediaType | undefined): ResolutionResponse {
  const { status, body: problem } = problemOf(error);
  switch (type) {
    case result:
    case legacyResult: {
      const answer = { didDocument: null, didResolutionMetadata: { error: problem }, didDocumentMetadata: {} };
      return { status, type, body: JSON.stringify(answer) };
    }
    case dereferencing: {
      const answer = { content: null, dereferencingMetadata: { error: problem }, contentMetadata: {} };
      return { status, type, body: JSON.stringify(answer) };
    }
    default:
      return { status, type: "application/problem+json", body: JSON.stringify(problem) };
  }
}
