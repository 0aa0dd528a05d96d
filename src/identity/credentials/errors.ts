import { type ErrorTable, errorsOf } from "#base";

/** What is wrong with a credential, a presentation, or what was asked of them. */
export const CREDENTIAL_ERRORS = {
  "credentials.document": {
    status: 400,
    meaning: "The credential or presentation is not what VC Data Model says it has to be.",
    advice: "See the payload's `path` and `problem`.",
  },
  "credentials.context": {
    status: 400,
    meaning: "A JSON-LD context is none that this verifier has; none is fetched from the network.",
    advice: "Use the bundled contexts (docs/reference/credentials.md), or add the context to the configuration.",
  },
  "credentials.term": {
    status: 400,
    meaning: "A term is defined by no context of the document, so it would not be protected by a signature over RDF.",
    advice: "Define it in a context, or leave it out.",
  },
  "credentials.proof": {
    status: 400,
    meaning: "A proof is malformed, of an unknown suite, or names what is not there.",
    advice: "See the payload's `problem`.",
  },
  "credentials.key": {
    status: 422,
    meaning: "The key of a proof is not one that its controller's DID document names for this purpose.",
    advice: "The issuer rotated it away, or somebody else signed: ask the issuer for a fresh credential.",
  },
  "credentials.signature": {
    status: 422,
    meaning: "The signature does not fit the document.",
    advice: "The document was changed after it was signed, or another key signed it.",
  },
  "credentials.not-yet": {
    status: 422,
    meaning: "The credential or proof is not valid yet.",
    advice: "Wait until its `validFrom`.",
  },
  "credentials.expired": {
    status: 422,
    meaning: "The credential or proof has expired.",
    advice: "Ask the issuer for a fresh one; `refreshService` may say where.",
  },
  "credentials.status": {
    status: 422,
    meaning: "The credential was revoked or suspended by its issuer.",
    advice: "Ask the issuer why.",
  },
  "credentials.status-unknown": {
    status: 422,
    meaning:
      "Whether the credential was revoked cannot be told: its status list is missing, malformed, or not its issuer's.",
    advice: "Try again later; a verifier can say that it does without (`checkStatus: false`).",
  },
  "credentials.issuer": {
    status: 422,
    meaning: "The alliance did not recognise the issuer for this type of credential at that time.",
    advice: "`hansa issuer list` shows who is recognised for what.",
  },
  "credentials.schema": {
    status: 422,
    meaning: "The credential does not fit a schema that it names, or the schema cannot be had.",
    advice: "See the payload's `problem`.",
  },
  "credentials.digest": {
    status: 422,
    meaning: "A related resource has another digest than the credential says, or cannot be had.",
    advice: "The resource was changed after the credential was issued.",
  },
  "credentials.challenge": {
    status: 422,
    meaning: "The presentation answers another challenge, or none, or was shown before.",
    advice: "Ask for a fresh challenge and present again.",
  },
  "credentials.domain": {
    status: 422,
    meaning: "The presentation was made for another verifier.",
    advice: "Present again, for this domain.",
  },
  "credentials.holder": {
    status: 422,
    meaning: "Whoever presents is not the one that the credential, or the presentation, names as its holder.",
    advice: "Sign the presentation with a key of the holder.",
  },
  "credentials.disclosure": {
    status: 400,
    meaning: "A disclosure is malformed, fits no digest, or hides what has to be shown.",
    advice: "See the payload's `problem`.",
  },
  "credentials.unreachable": {
    status: 422,
    meaning: "A DID document or status list that verification needs cannot be had now.",
    advice: "Try again later.",
  },
  "credentials.not-vouched": {
    status: 422,
    meaning: "The ledger does not say what a credential about a device was to say.",
    advice: "`hansa device show` and `hansa model show` tell how it stands.",
  },
} as const satisfies ErrorTable;

/** Code of a refusal of credentials. */
export type CredentialErrorCode = keyof typeof CREDENTIAL_ERRORS;

/** Makes an error of credentials. */
export const credentialError = errorsOf(CREDENTIAL_ERRORS);
