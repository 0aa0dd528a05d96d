import { type Clock, HansaError, type JsonObject } from "#base";
import { randomBytes } from "#crypto";
import {
  type Asker,
  type ContextSource,
  createPresentation,
  type DidResolver,
  deriveCredential,
  makeKeyFinder,
  RESOLUTION_ERRORS,
  SchemaJudge,
  type StatusSource,
} from "#identity";
import {
  type ChallengeRequest,
  type DeriveRequest,
  type IssuedChallenge,
  type IssueRequest,
  type PresentRequest,
  type StatusChange,
  type UpdateStatusRequest,
  VC_API_LIMITS,
  type VerificationAnswer,
  type VerifyCredentialRequest,
  type VerifyPresentationRequest,
} from "#protocol";
import type { KeyValueStore } from "#storage";
import type { CredentialsConfig } from "../config/credentials-config.ts";
import type { GroupService } from "../group-service.ts";
import { Challenges } from "./challenges.ts";
import { vcApiError } from "./errors.ts";
import { httpsSource } from "./https-source.ts";
import { chooseIssuer, issueFor, suiteOf } from "./issue.ts";
import { type Holder, type Issuer, type KeySource, openHolder, openIssuers } from "./issuing-keys.ts";
import { KeptCredentials } from "./kept-credentials.ts";
import { readMoment } from "./moment.ts";
import { PublishedLists } from "./published-lists.ts";
import { nodeStatusSource } from "./status-check.ts";
import { type Place, STATUS_NAMESPACE, StatusLists } from "./status-lists.ts";
import { type Verified, Verifier } from "./verify.ts";

export interface CredentialServiceOptions {
  readonly config: CredentialsConfig;
  readonly keys: KeySource["keys"];
  /** Key file entry of the member that runs the node. */
  readonly member: string;
  /** In whose storage everything is kept. */
  readonly group: GroupService;
  readonly groups: readonly GroupService[];
  readonly resolver: DidResolver;
  /** Where others reach the node; known once it listens. */
  readonly url: () => string;
  readonly clock: Clock;
  /** The version of one of the node's lists that the ledger has; 0: none. */
  readonly published: (list: string) => number;
  /** Where contexts of credentials come from. */
  readonly contexts: ContextSource;
  /** Hosts that lists may be fetched from though they lie in private networks, and authorities to believe for it, PEM. */
  readonly privateHosts: readonly string[];
  readonly ca?: string | undefined;
}

/** Of a schema, or of a resource whose digest is to be compared. */
const RESOURCE_BYTES = 1 << 20;

/** Where a status is, and whose it is to say. */
export interface FoundPlaces {
  readonly issuer: Issuer;
  readonly places: readonly Pick<Place, "list" | "index" | "purpose" | "url">[];
}

/** The VC API of a node, behind its routes. */
export class CredentialService {
  readonly holder: Holder | undefined;
  readonly kept: KeptCredentials;
  readonly lists: StatusLists;
  /** Where the node hears of statuses. */
  readonly status: StatusSource;
  readonly verifierAccess: "off" | "member" | "open";
  readonly #issuers: readonly Issuer[];
  readonly #published: PublishedLists;
  readonly #challenges: Challenges;
  readonly #verifier: Verifier;
  readonly #judge = new SchemaJudge();
  readonly #clock: Clock;
  readonly #contexts: ContextSource;
  readonly #url: () => string;

  /** @throws HansaError `node.config`, `node.key-missing` */
  constructor(options: CredentialServiceOptions) {
    const { config, keys, member, group, groups, resolver, clock, contexts, published, privateHosts, ca } = options;
    const source = { keys, member, alliance: group.ledger.genesis.alliance };
    this.#clock = clock;
    this.#contexts = contexts;
    this.#url = () => (config.url ?? options.url()).replace(/\/$/, "");
    this.#issuers = openIssuers(config, source);
    this.holder = openHolder(config, source);
    this.verifierAccess = config.verifier ?? "member";
    this.kept = new KeptCredentials(group.keyValues("credentials/kept"));
    this.lists = new StatusLists(
      group.keyValues(STATUS_NAMESPACE),
      clock,
      (list) => `${this.#url()}/status-lists/${list}`,
    );
    this.#published = new PublishedLists(this.lists, this.#issuers, clock);
    this.#challenges = new Challenges(clock, secretOf(group.keyValues("credentials/secrets")));
    this.status = nodeStatusSource({
      lists: this.lists,
      published,
      issuers: this.#issuers,
      groups,
      // Of lists the node asks for itself: whoever signed one, its credential was looked at with its asker's eyes.
      keys: makeKeyFinder(resolver, { mayRead: () => true }),
      clock,
      contexts,
      fetches: config.fetchStatusLists === true,
      privateHosts,
      ca,
    });
    const accept = "application/schema+json, application/json;q=0.9, */*;q=0.1";
    const fetched =
      config.fetchResources === true
        ? { fetch: httpsSource({ privateHosts, maxBytes: RESOURCE_BYTES, accept, ca }), judge: this.#judge }
        : undefined;
    this.#verifier = new Verifier({ resolver, groups, status: this.status, fetched, contexts, clock });
  }

  /** Ends the process in which schemas are checked. */
  close(): Promise<void> {
    return this.#judge.close();
  }

  /** Contexts that the node has. */
  get contexts(): ContextSource {
    return this.#contexts;
  }

  /** Whether anybody may have something issued: then anybody hears what is wrong with his request. */
  get opensIssuers(): boolean {
    return this.#issuers.some(({ access }) => access === "open");
  }

  /** The issuer that a request means. */
  findIssuer(request: IssueRequest): Issuer | undefined {
    return chooseIssuer(this.#issuers, request);
  }

  /** @throws HansaError `credentials.*`, `vc-api.*` */
  async issue(request: IssueRequest, issuer = this.findIssuer(request)): Promise<{ verifiableCredential: JsonObject }> {
    if (this.#issuers.length === 0) throw vcApiError("vc-api.off", "this node issues no credentials", {});
    if (issuer === undefined)
      throw vcApiError("vc-api.issuer", "the credential names no issuer of this node", {
        issuers: this.#issuers.filter(({ access }) => access === "open").map(({ id }) => id),
      });
    return {
      verifiableCredential: await issueFor(issuer, request, {
        lists: this.lists,
        contexts: this.#contexts,
        now: this.#now(),
      }),
    };
  }

  /** @throws HansaError `credentials.*`, `vc-api.request` */
  async verify({ verifiableCredential, options = {} }: VerifyCredentialRequest, asker: Asker) {
    const verified = await known(this.#verifier.credential(verifiableCredential, options, asker));
    const answer = answerOf(verified);
    return options.returnCredential === false ? answer : { ...answer, credential: verified.document };
  }

  /** @throws HansaError `credentials.*`, `vc-api.request` */
  async verifyPresentation(request: VerifyPresentationRequest, asker: Asker): Promise<VerificationAnswer> {
    const { verifiablePresentation, presentation, options = {} } = request;
    if ((verifiablePresentation === undefined) === (presentation === undefined))
      throw vcApiError(
        "vc-api.request",
        "the request holds a verifiablePresentation, or a presentation without proof",
        {
          path: "/verifiablePresentation",
          problem: "one of the two",
        },
      );
    this.#challenges.use(options.challenge, options.domain);
    const verified = await known(
      presentation === undefined
        ? this.#verifier.presentation(verifiablePresentation, options, asker)
        : this.#verifier.unsigned(presentation, options, asker),
    );
    const answer = answerOf(verified);
    return options.returnPresentation === true ? { ...answer, verifiablePresentation: verified.document } : answer;
  }

  /** @throws HansaError `credentials.*` */
  async derive({ verifiableCredential, options = {} }: DeriveRequest) {
    const pointers = options.selectivePointers ?? [];
    return {
      verifiableCredential: await deriveCredential(verifiableCredential as JsonObject, {
        selectivePointers: pointers,
        contexts: this.#contexts,
      }),
    };
  }

  /** @throws HansaError `credentials.*`, `vc-api.limit` */
  async keep(credential: JsonObject, asker: Asker) {
    const shown = hasBaseProof(credential) ? await discloseAll(credential, this.#contexts) : credential;
    await known(this.#verifier.credential(shown, {}, asker));
    return this.kept.save(credential);
  }

  /** @throws HansaError `credentials.*`, `vc-api.*` */
  async present({ presentation, options = {} }: PresentRequest): Promise<{ verifiablePresentation: JsonObject }> {
    const holder = this.holder as Holder;
    const { challenge, domain, cryptosuite, created, expires, verificationMethod } = options;
    const { signer, id } = holder;
    const suite = cryptosuite ?? suiteOf(holder);
    if (challenge === undefined || domain === undefined)
      throw vcApiError(
        "vc-api.request",
        "whoever sees a presentation without challenge and domain could show it again",
        {
          path: "/options",
          problem: "challenge and domain",
        },
      );
    if (suite === undefined || (verificationMethod !== undefined && verificationMethod !== signer.id))
      throw vcApiError("vc-api.suite", "the holder's key does not go with that", { has: signer.id });
    const { holder: named = id } = presentation as JsonObject;
    const made = created === undefined ? this.#now() : readMoment(created, "created");
    const until = expires === undefined ? made + VC_API_LIMITS.challengeSeconds * 1000 : readMoment(expires, "expires");
    const document = { ...(presentation as JsonObject), holder: named };
    const how = { suite, challenge, domain, created: made, expires: until, contexts: this.#contexts };
    return { verifiablePresentation: await createPresentation(document, signer, how) };
  }

  /** @throws HansaError `vc-api.busy` */
  challenge({ domain }: ChallengeRequest): IssuedChallenge {
    return this.#challenges.create(domain ?? new URL(this.#url()).host);
  }

  /**
   * The entries that a request means: by list and index, or by the credential's id.
   *
   * @throws HansaError `vc-api.request`
   */
  findPlace({ credentialId, credentialStatus = { type: "BitstringStatusListEntry" } }: UpdateStatusRequest) {
    const { statusListCredential: url, statusListIndex, statusPurpose } = credentialStatus;
    const fits = (purpose: string) => statusPurpose === undefined || purpose === statusPurpose;
    if ((url === undefined) !== (statusListIndex === undefined) || (url === undefined && credentialId === undefined))
      throw vcApiError(
        "vc-api.request",
        "a status is found by credentialId, or by statusListCredential and its index",
        {
          path: "/credentialStatus",
          problem: "statusListIndex",
        },
      );
    const found = this.#issuers.flatMap((issuer): FoundPlaces[] => {
      const all =
        credentialId === undefined
          ? this.#placeOf(issuer, url, statusListIndex)
          : this.lists.placesOf(issuer.name, credentialId);
      const places = all.filter(
        (place) =>
          fits(place.purpose) && (url === undefined || (place.url === url && place.index === Number(statusListIndex))),
      );
      return places.length === 0 ? [] : [{ issuer, places }];
    });
    if (found.length > 1)
      throw vcApiError("vc-api.request", "two issuers of this node gave a credential this id: name the entry", {
        path: "/credentialStatus",
        problem: "statusListIndex",
      });
    return found[0];
  }

  #placeOf(issuer: Issuer, url: string | undefined, index: string | undefined): FoundPlaces["places"] {
    const record = url === undefined ? undefined : this.lists.findByUrl(url);
    if (record?.issuer !== issuer.name) return [];
    return [{ list: record.id, url: record.url, index: Number(index), purpose: record.purpose }];
  }

  /**
   * Sets the entries; durable once it returns. The ledger hears of it with the next batch.
   *
   * @throws HansaError `vc-api.not-found`, `vc-api.irrevocable`
   */
  updateStatus({ credentialId, status = true }: UpdateStatusRequest, found: FoundPlaces | undefined): StatusChange {
    const [first] = found?.places ?? [];
    if (found === undefined || first === undefined)
      throw vcApiError(
        "vc-api.not-found",
        "no credential of this node has this id, or this entry of a status list",
        {},
      );
    // A purpose that is not named means a revocation where there is one: whoever says nothing must not merely suspend.
    const revocations = found.places.filter(({ purpose }) => purpose === "revocation");
    const chosen = revocations.length > 0 ? revocations : found.places;
    const changed = chosen.map((place) => ({ place, record: this.lists.set(place, status) }));
    const { place, record } = changed.at(-1) as (typeof changed)[number];
    return {
      ...(credentialId === undefined ? {} : { credentialId }),
      statusPurpose: place.purpose,
      status,
      statusListCredential: place.url,
      statusListIndex: String(place.index),
      version: record.version,
    };
  }

  /** @throws HansaError `vc-api.not-found` */
  publishedList(id: string, asToken: boolean): Promise<string> {
    return this.#published.read(id, asToken ? "token" : "credential");
  }

  /** Times are told in whole seconds. */
  #now(): number {
    return Math.floor(this.#clock.now() / 1000) * 1000;
  }
}

/** VC-DI-ECDSA §3.5.2: the first bytes of a base proof, which its holder alone may see, and no verifier takes. */
function hasBaseProof({ proof }: JsonObject): boolean {
  return String((proof as JsonObject | undefined)?.["proofValue"]).startsWith("u2V0A");
}

/** What a verifier would see of a credential that its holder shows whole. */
function discloseAll(credential: JsonObject, contexts: ContextSource): Promise<JsonObject> {
  const members = Object.keys(credential).filter((member) => member !== "@context" && member !== "proof");
  const selectivePointers = members.map((member) => `/${member.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  return deriveCredential(credential, { selectivePointers, contexts });
}

function answerOf({ checks, unchecked }: Verified): VerificationAnswer {
  const warnings = unchecked.map(
    (member) => `${member} was not checked: it is of a type not known here, or cannot be had`,
  );
  return { verified: true, checks, problemDetails: [], warnings, errors: [] };
}

/** A DID that cannot be resolved is the verifier's answer, and not the resolver's. */
async function known<Result>(verification: Promise<Result>): Promise<Result> {
  try {
    return await verification;
  } catch (error) {
    if (!(error instanceof HansaError) || !Object.hasOwn(RESOLUTION_ERRORS, error.code)) throw error;
    throw vcApiError("vc-api.request", error.message, { path: "/", problem: error.code }, error);
  }
}

/** By which the node knows its own challenges: made once. */
function secretOf(store: KeyValueStore): Uint8Array {
  return store.transaction(() => {
    const known = store.get("challenges");
    if (known !== undefined) return known;
    const secret = randomBytes(32);
    store.put("challenges", secret);
    return secret;
  });
}
