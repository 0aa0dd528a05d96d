/**
 * Credentials issued and verified a second of one core, suite by suite, against @digitalbazaar/vc with cached contexts in the same run. A
 * credential has five claims; issuing and verifying are whole: data model, terms, dates, the key from its DID, the signature.
 */
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import { decodeBase64Url, encodeBase64Url, encodeUtf8, type JsonObject } from "#base";
import { randomBytes, sha256 } from "#crypto";
import {
  type CredentialSigner,
  checkSignature,
  DidResolver,
  deriveCredential,
  issueCredential,
  issueJwtCredential,
  issueSdJwt,
  jwkOfKey,
  keyMethod,
  makeKeyFinder,
  presentSdJwt,
  verifyCredential,
  verifyJwtCredential,
  verifySdJwt,
} from "#identity";
import { createCredential, createIssuer, type ForeignSuite } from "../src/identity/credentials/foreign-vc.suite.ts";
import { BenchReport, numberOption, progress } from "./report.ts";

const seconds = numberOption("seconds", 1);
const rounds = numberOption("rounds", 5);

/** What is measured: made again and again, and what was made is verified again and again. */
interface Candidate {
  readonly name: string;
  issue(): Promise<JsonObject | string>;
  /** What a verifier is shown of what was issued, where that is something else. */
  show?(issued: JsonObject | string): Promise<JsonObject | string>;
  /** Throws where it is not good. */
  verify(shown: JsonObject | string): Promise<unknown>;
  /** Times the foreign rate that is the least. */
  readonly must?: number;
}

const ed25519 = await createIssuer("Ed25519");
const p256 = await createIssuer("P-256");
const p384 = await createIssuer("P-384");

const keys = makeKeyFinder(new DidResolver([keyMethod]), { mayRead: () => false });
const now = Date.now();

/** Ours, with a suite of Data Integrity. */
function dataIntegrity(
  name: string,
  suite: string,
  signer: CredentialSigner,
  must?: number,
  members: JsonObject = {},
): Candidate {
  const credential = { ...createCredential(signer.controller), ...members };
  return {
    name,
    issue: () => issueCredential(credential, signer, { suite, created: now }),
    verify: (shown) => verifyCredential(shown as JsonObject, { keys, now }),
    ...(must === undefined ? {} : { must }),
  };
}

/** For the foreign suite with selective disclosure; ours has these by itself. */
const mandatoryPointers = ["/issuer", "/validFrom", "/validUntil"];

function foreign(suite: ForeignSuite, issuer: typeof p256): Candidate {
  const credential = createCredential(issuer.signer.controller);
  return {
    name: `@digitalbazaar/vc, ${suite}`,
    issue: () => issuer.foreign.issue(credential, suite, mandatoryPointers),
    verify: (shown) => issuer.foreign.verify(shown as JsonObject, suite),
  };
}

/** The five claims as an SD-JWT VC hides them, two of which are shown, with a proof of the holder's key. */
const SUBJECT = createCredential(ed25519.signer.controller)["credentialSubject"] as JsonObject;
const CLAIMS = Object.keys(SUBJECT).filter((name) => name !== "id");
const SHOWN = ["model", "accuracyClass"];
const issuedAt = Math.floor(now / 1000);
const sdClaims = { vct: "https://labs.example/meter-certificate", iat: issuedAt, exp: issuedAt + 86_400, ...SUBJECT };
const demand = { nonce: "n-0S6_WzA2Mj", audience: "https://grid.example" };

const sdJwt: Candidate = {
  name: "SD-JWT VC, two claims of five shown, key binding",
  issue: async () =>
    issueSdJwt(sdClaims, ed25519.signer, { disclose: CLAIMS.map((name) => [name]), holderKey: p256.signer }),
  show: async (issued) =>
    presentSdJwt(issued as string, {
      disclose: SHOWN.map((name) => [name]),
      keyBinding: { signer: p256.signer, ...demand, issuedAt },
    }),
  verify: (shown) => verifySdJwt(shown as string, { keys, now, keyBinding: demand }),
};

/** The same of @sd-jwt/sd-jwt-vc; it is told the keys, where ours finds the issuer's by its DID. */
function foreignSdJwt(): Candidate {
  const by = (key: CredentialSigner) => ({
    sign: (data: string) => encodeBase64Url(key.sign(encodeUtf8(data))),
    check: (data: string, signature: string) =>
      checkSignature(key, encodeUtf8(data), decodeBase64Url(signature) as Uint8Array),
  });
  const instance = new SDJwtVcInstance({
    hasher: (data: string | ArrayBuffer) => sha256(typeof data === "string" ? encodeUtf8(data) : new Uint8Array(data)),
    saltGenerator: (length: number) => encodeBase64Url(randomBytes(length)),
    signAlg: "EdDSA",
    signer: by(ed25519.signer).sign,
    verifier: by(ed25519.signer).check,
    kbSignAlg: "ES256",
    kbSigner: by(p256.signer).sign,
    kbVerifier: by(p256.signer).check,
  });
  const payload = { ...sdClaims, iss: ed25519.signer.controller, cnf: { jwk: jwkOfKey(p256.signer) } };
  const frame = { _sd: CLAIMS };
  return {
    name: "@sd-jwt/sd-jwt-vc, the same",
    issue: () => instance.issue(payload as never, frame as never, { header: { kid: ed25519.signer.id } }),
    show: (issued) =>
      instance.present(issued as string, Object.fromEntries(SHOWN.map((name) => [name, true])) as never, {
        kb: { payload: { iat: issuedAt, aud: demand.audience, nonce: demand.nonce } },
      }),
    verify: (shown) => instance.verify(shown as string, { keyBindingNonce: demand.nonce, currentDate: issuedAt }),
  };
}

const jose: Candidate = {
  name: "vc+jwt, Ed25519",
  issue: async () => issueJwtCredential(createCredential(ed25519.signer.controller), ed25519.signer),
  verify: (shown) => verifyJwtCredential(shown as string, { keys, now }),
};

/** What has a document read by jsonld: a text with its language. */
const NOT_PLAIN = { name: { "@value": "Meter certificate", "@language": "en" } };

const selectivePointers = ["/credentialSubject/model", "/credentialSubject/accuracyClass"];

/** The one that all are held against. */
const REFERENCE = foreign("eddsa-rdfc-2022", ed25519);

/** A new suite is a line here. */
const CANDIDATES: readonly Candidate[] = [
  REFERENCE,
  dataIntegrity("eddsa-rdfc-2022", "eddsa-rdfc-2022", ed25519.signer, 1.2),
  dataIntegrity("eddsa-rdfc-2022, read by jsonld", "eddsa-rdfc-2022", ed25519.signer, 1.2, NOT_PLAIN),
  dataIntegrity("eddsa-jcs-2022", "eddsa-jcs-2022", ed25519.signer, 8),
  dataIntegrity("ecdsa-rdfc-2019, P-256", "ecdsa-rdfc-2019", p256.signer),
  dataIntegrity("ecdsa-jcs-2019, P-256", "ecdsa-jcs-2019", p256.signer),
  dataIntegrity("ecdsa-rdfc-2019, P-384", "ecdsa-rdfc-2019", p384.signer),
  dataIntegrity("ecdsa-jcs-2019, P-384", "ecdsa-jcs-2019", p384.signer),
  {
    ...dataIntegrity("ecdsa-sd-2023, two claims of five shown", "ecdsa-sd-2023", p256.signer),
    show: (issued) => deriveCredential(issued as JsonObject, { selectivePointers }),
  },
  {
    ...foreign("ecdsa-sd-2023", p256),
    show: (issued) => p256.foreign.derive(issued as JsonObject, selectivePointers),
  },
  jose,
  sdJwt,
  foreignSdJwt(),
];

/** How often a second of processor time holds it; other processes do not count, so that a busy machine measures the same. */
async function measure(run: () => Promise<unknown>): Promise<number> {
  const started = process.cpuUsage();
  const used = (): number => {
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1e6;
  };
  let count = 0;
  while (used() < seconds) for (let i = 0; i < 8; i++, count++) await run();
  return count / used();
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

interface Rates {
  readonly issue: number[];
  readonly verify: number[];
}

const rates = new Map<Candidate, Rates>(CANDIDATES.map((candidate) => [candidate, { issue: [], verify: [] }]));
progress(`${rounds} rounds, each of ${seconds} s for issuing and as long for verifying, with every suite`);
// The first round warms up and does not count. Rounds interleave the suites, so a change of the machine's speed meets all of them.
for (let round = 0; round <= rounds; round++)
  for (const candidate of CANDIDATES) {
    const issued = await candidate.issue();
    const shown = candidate.show === undefined ? issued : await candidate.show(issued);
    const issue = await measure(() => candidate.issue());
    const verify = await measure(() => candidate.verify(shown));
    if (round === 0) continue;
    rates.get(candidate)?.issue.push(issue);
    rates.get(candidate)?.verify.push(verify);
  }

const report = new BenchReport("credentials");
for (const what of ["issue", "verify"] as const) {
  const against = `${what}: ${REFERENCE.name}`;
  const reference = rates.get(REFERENCE)?.[what] ?? [];
  for (const candidate of CANDIDATES) {
    const own = rates.get(candidate)?.[what] ?? [];
    // Of each round for itself: the two were measured within seconds of each other.
    const ratio = median(own.map((rate, round) => rate / (reference[round] as number)));
    report.add({
      name: `${what}: ${candidate.name}`,
      value: median(own),
      unit: "/s",
      ...(candidate === REFERENCE ? {} : { against, ratio }),
      ...(candidate.must === undefined ? {} : { must: `≥ ${candidate.must} ×`, holds: ratio >= candidate.must }),
    });
  }
}
report.finish();
