/** OpenID4VCI and OpenID4VP over HTTP. What wallets send is refused in the words of OAuth, what the member sends as any other request. */
import type { Static, TSchema } from "@sinclair/typebox";
import { decodeUtf8, HansaError, type JsonObject, parseJson } from "#base";
import { type Asker, makeKeyFinder, oauthNameOf, openidError } from "#identity";
import { OPENID_SCHEMAS, type RouteName, VC_API_LIMITS } from "#protocol";
import type { GroupService } from "../group-service.ts";
import type { OpenidService } from "../openid4vc/open-openid.ts";
import { askerOf } from "./access.ts";
import { misfitOf } from "./misfit.ts";
import { problemOf } from "./problem.ts";
import type { Call } from "./server.ts";

/** Most parameters of a form. */
const PARAMETERS = 32;

/** Handlers of the routes of OpenID4VCI and OpenID4VP. */
export function openidHandlers(service: OpenidService | undefined, groups: readonly GroupService[]) {
  const issuer = () => {
    if (service?.issuer === undefined) throw openidError("openid.off", "this node offers no credentials over OpenID");
    return service.issuer;
  };
  const verifier = () => {
    if (service?.verifier === undefined)
      throw openidError("openid.off", "this node asks for no presentations over OpenID");
    return service.verifier;
  };

  return {
    credentialIssuerMetadata: () => issuer().metadata(),

    authorizationServerMetadata: () => issuer().serverMetadata(),

    offerCredential(call) {
      return issuer().offer(readBody(call, OPENID_SCHEMAS.OfferRequest));
    },

    credentialOffer(call) {
      call.reply.header("cache-control", "no-store");
      return issuer().offerObject(call.parameters["id"] as string);
    },

    credentialOfferState(call) {
      return issuer().offerState(call.parameters["id"] as string);
    },

    openidToken: (call) => answerWallet(call, () => issuer().token(readForm(call), headerOf(call, "dpop"))),

    openidNonce: (call) => answerWallet(call, () => issuer().nonce()),

    openidCredential: (call) =>
      answerWallet(call, () =>
        issuer().credential({
          authorization: call.headers.authorization,
          dpop: headerOf(call, "dpop"),
          body: readObject(call),
          // The node looks keys up for itself; what it finds is told to nobody.
          keys: makeKeyFinder((service as OpenidService).resolver, { mayRead: () => true }),
        }),
      ),

    async requestPresentation(call) {
      return verifier().ask(
        readBody(call, OPENID_SCHEMAS.PresentationQuestion),
        memberAsker(askerOf(groups, call), groups),
      );
    },

    async presentationRequestObject(call) {
      const text = await verifier().requestObject(call.parameters["id"] as string);
      call.reply.header("cache-control", "no-store");
      return text;
    },

    respondPresentation: (call) =>
      answerWallet(call, () => verifier().respond(call.parameters["id"] as string, readForm(call))),

    presentationResult(call) {
      call.reply.header("cache-control", "no-store");
      return verifier().result(call.parameters["id"] as string);
    },
  } satisfies { readonly [Name in RouteName]?: (call: Call) => unknown };
}

/** What the member may read is settled when it asks: the answer comes when its request is long over. */
function memberAsker(asker: Asker, groups: readonly GroupService[]): Asker {
  const readable = new Set(groups.map(({ ledger }) => ledger.group.id).filter((id) => asker.mayRead(id)));
  return { mayRead: (id: string) => readable.has(id) };
}

/** RFC 6749 §5.2, OpenID4VCI §8.3.1, OpenID4VP §8.2: refusals as JSON, with our own code beside the standard's. */
async function answerWallet<Answer extends object>(
  call: Call,
  run: () => Answer | Promise<Answer>,
): Promise<Answer | string> {
  call.reply.header("cache-control", "no-store");
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof HansaError)) throw error;
    const { status } = problemOf(error);
    if (status >= 500 && status !== 503) throw error;
    const name = oauthNameOf(error.code);
    if (status === 401) call.reply.header("www-authenticate", `Bearer error="${name}", DPoP error="${name}"`);
    if (status === 503) call.reply.header("retry-after", "1");
    call.reply.code(status).header("content-type", "application/json");
    return JSON.stringify({ error: name, error_description: error.message, code: error.code });
  }
}

function headerOf({ headers }: Call, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(",") : value;
}

/** @throws HansaError `openid.request` */
function readForm({ body }: Call): Readonly<Record<string, string>> {
  const text = body === undefined ? "" : decodeUtf8(body);
  if (text === undefined) throw openidError("openid.request", "the form is not UTF-8");
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    // RFC 6749 §3.2: a parameter is there once.
    if (form.has(name)) throw openidError("openid.request", `${name.slice(0, 64)} is there twice`);
    form.set(name, value);
    if (form.size > PARAMETERS) throw openidError("openid.request", `a form has at most ${PARAMETERS} parameters`);
  }
  return Object.fromEntries(form);
}

/** @throws HansaError `openid.credential-request` */
function readObject({ body }: Call): JsonObject {
  try {
    const value = parseJson(body ?? "", { depth: 16, integers: false });
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch (error) {
    throw openidError("openid.credential-request", "the body is no JSON", {}, error);
  }
  throw openidError("openid.credential-request", "the body is no JSON object");
}

/** @throws HansaError `openid.request`, `json.*` */
function readBody<Schema extends TSchema>({ body }: Call, schema: Schema): Static<Schema> {
  const value = parseJson(body ?? "", { depth: VC_API_LIMITS.depth, integers: false });
  const misfit = misfitOf(schema, value);
  if (misfit === undefined) return value as Static<Schema>;
  throw openidError("openid.request", `${misfit.path}: ${misfit.problem}`, misfit);
}
