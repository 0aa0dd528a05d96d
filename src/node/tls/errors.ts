import { type ErrorTable, errorsOf } from "#base";

export const TLS_ERRORS = {
  "tls.not-set-up": {
    status: 500,
    meaning: "The home has no certification authority, or no certificate for its node.",
    advice: "Make them with `hansa cert init`.",
  },
  "tls.exists": {
    status: 409,
    meaning: "The home has a certification authority already.",
    advice: "`hansa cert rotate` renews the node's certificate, `hansa cert rollover` the authority.",
  },
  "tls.damaged": {
    status: 500,
    meaning: "A file of the certification authority cannot be read, or does not fit the others.",
    advice: "See the payload's `path`; restore it from a backup, or issue the certificate anew.",
  },
  "tls.certificate": {
    status: 401,
    meaning: "The client's certificate is not accepted.",
    advice: "See the payload's `problem`; the node's member issues certificates with `hansa cert issue`.",
  },
  "tls.unknown-serial": {
    status: 404,
    meaning: "The authority has issued no certificate of this number.",
    advice: "`hansa cert list` shows them.",
  },
  "tls.rollover": {
    status: 409,
    meaning: "The change of the authority is not at that step.",
    advice: "`hansa cert list` shows which authorities are trusted; a change is begun once and then finished.",
  },
  "tls.binding": {
    status: 422,
    meaning: "The statement that binds a certification authority to a DID does not hold.",
    advice: "Do not trust the authority; ask its member for the current ca.pem and ca.jwt.",
  },
} as const satisfies ErrorTable;

export const tlsError = errorsOf(TLS_ERRORS);
