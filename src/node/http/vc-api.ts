/** The VC API (W3C CCG) over HTTP: bodies are read and held against their schemas here, everything else is the service's. */
import type { Static, TSchema } from "@sinclair/typebox";
import { HansaError, type JsonLimits, type JsonObject, parseJson } from "#base";
import {
  ChallengeRequest,
  DeriveRequest,
  IssueRequest,
  PresentRequest,
  type RouteName,
  StoreRequest,
  UpdateStatusRequest,
  VC_API_LIMITS,
  VerifyCredentialRequest,
  VerifyPresentationRequest,
} from "#protocol";
import type { CredentialService } from "../credentials/credential-service.ts";
import { vcApiError } from "../credentials/errors.ts";
import type { Issuer } from "../credentials/issuing-keys.ts";
import type { GroupService } from "../group-service.ts";
import { typeChooser } from "./accept.ts";
import { askerOf } from "./access.ts";
import { misfitOf } from "./misfit.ts";
import { problemOf } from "./problem.ts";
import type { Call } from "./server.ts";
import { refutation } from "./vc-problem.ts";

const JSON_LIMITS: JsonLimits = { depth: VC_API_LIMITS.depth, integers: false };
/** Each may be as large as a body. */
const PAGE = 25;
const LIST_TYPES = ["application/json", "application/vc", "application/ld+json", "application/statuslist+jwt"] as const;
const chooseListType = typeChooser(LIST_TYPES);

/** Handlers of the VC API's routes. */
export function vcApiHandlers(service: CredentialService | undefined, groups: readonly GroupService[]) {
  const running = (): CredentialService => {
    if (service === undefined)
      throw vcApiError("vc-api.off", "this node neither issues nor verifies credentials: it is not set up", {});
    return service;
  };
  /** Lets through whoever may have things verified. */
  const verifier = (call: Call): CredentialService => {
    const { verifierAccess } = running();
    if (verifierAccess === "off") throw vcApiError("vc-api.off", "this node verifies nothing for others", {});
    if (verifierAccess !== "open") call.requireMember();
    return running();
  };
  const holder = (call: Call, open: boolean): CredentialService => {
    if (running().holder === undefined) throw vcApiError("vc-api.off", "this node has no holder", {});
    if (!open || running().holder?.access !== "open") call.requireMember();
    return running();
  };
  const present = async (call: Call) => {
    const service = holder(call, true);
    return service.present(readBody(call, PresentRequest));
  };

  return {
    async issueCredential(call) {
      const request = readOpenly(running().opensIssuers, call, IssueRequest);
      const issuer = running().findIssuer(request);
      requireUnlessOpen(call, issuer, running().opensIssuers);
      return running().issue(request, issuer);
    },

    verifyCredential: (call) =>
      answerVerification(call, async () => {
        const service = verifier(call);
        return service.verify(readBody(call, VerifyCredentialRequest), askerOf(groups, call));
      }),

    async deriveCredential(call) {
      const service = holder(call, true);
      return service.derive(readBody(call, DeriveRequest));
    },

    async updateCredentialStatus(call) {
      const request = readOpenly(running().opensIssuers, call, UpdateStatusRequest);
      const place = running().findPlace(request);
      requireUnlessOpen(call, place?.issuer, running().opensIssuers);
      return running().updateStatus(request, place);
    },

    async storeCredential(call) {
      const service = holder(call, false);
      const { verifiableCredential } = readBody(call, StoreRequest);
      const { id } = await service.keep(verifiableCredential as JsonObject, askerOf(groups, call));
      call.reply.header("location", `/credentials/${encodeURIComponent(id)}`);
      return { id };
    },

    storedCredentials(call) {
      const { after } = call.query;
      return holder(call, false).kept.list(PAGE, after === undefined ? undefined : String(after));
    },

    storedCredential(call) {
      const { verifiableCredential } = holder(call, false).kept.find(call.parameters["id"] as string);
      return { verifiableCredential };
    },

    dropCredential(call) {
      const id = call.parameters["id"] as string;
      holder(call, false).kept.drop(id);
      return { id };
    },

    createPresentation: present,
    provePresentation: present,

    verifyPresentation: (call) =>
      answerVerification(call, async () => {
        const service = verifier(call);
        return service.verifyPresentation(readBody(call, VerifyPresentationRequest), askerOf(groups, call));
      }),

    createChallenge(call) {
      const service = verifier(call);
      const empty = call.body === undefined || call.body.length === 0;
      return service.challenge(empty ? {} : readBody(call, ChallengeRequest));
    },

    async statusList(call) {
      const type = chooseListType(call.headers.accept) ?? LIST_TYPES[0];
      const text = await running().publishedList(
        call.parameters["id"] as string,
        type === "application/statuslist+jwt",
      );
      call.reply.header("content-type", type).header("vary", "accept").header("cache-control", "max-age=60");
      return text;
    },
  } satisfies { readonly [Name in RouteName]?: (call: Call) => unknown };
}

/** Of a request that may be anybody's, what is wrong is told to anybody; else to the member alone. */
function readOpenly<Schema extends TSchema>(open: boolean, call: Call, schema: Schema): Static<Schema> {
  if (!open) call.requireMember();
  return readBody(call, schema);
}

/** A request that means no issuer at all is about to be refused: where anybody may have something issued, anybody hears why. */
function requireUnlessOpen(call: Call, issuer: Issuer | undefined, opens: boolean): void {
  if (issuer === undefined ? opens : issuer.access === "open") return;
  call.requireMember();
}

function readBody<Schema extends TSchema>({ body }: Call, schema: Schema): Static<Schema> {
  if (body === undefined || body.length === 0)
    throw vcApiError("vc-api.request", "the body is empty", { path: "/", problem: "empty body" });
  const value = parseJson(body, JSON_LIMITS);
  const misfit = misfitOf(schema, value);
  if (misfit === undefined) return value as Static<Schema>;
  throw vcApiError("vc-api.request", `${misfit.path}: ${misfit.problem}`, misfit);
}

/** What does not hold is an answer of a verifier, too: a problem that says `verified: false`. Who may not ask hears nothing of that. */
async function answerVerification<Answer extends object>(
  call: Call,
  verify: () => Promise<Answer>,
): Promise<Answer | string> {
  try {
    return await verify();
  } catch (error) {
    if (!(error instanceof HansaError)) throw error;
    const problem = problemOf(error);
    if (problem.status !== 400 && problem.status !== 422) throw error;
    const { status, body } = refutation(problem);
    call.reply.code(status).header("content-type", "application/problem+json");
    return JSON.stringify(body);
  }
}
