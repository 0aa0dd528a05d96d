import { type ErrorTable, errorsOf } from "#base";

/** What a wallet refuses. No message ever holds a secret or the value of a claim. */
export const WALLET_ERRORS = {
  "wallet.format": {
    status: 400,
    meaning: "The text is no credential of a format that the wallet knows.",
    advice:
      "It takes Data Integrity credentials (JSON), JOSE-enveloped ones and SD-JWT VCs, each as its issuer gave it.",
  },
  "wallet.limit": {
    status: 413,
    meaning: "A credential, file or selection is larger than a wallet takes, or the wallet is full.",
    advice: "See the payload's `limit`.",
  },
  "wallet.foreign": {
    status: 422,
    meaning: "The credential is about somebody whose key this wallet does not have, so it could not be presented.",
    advice: "Have it issued to a key of this wallet (`hansa wallet keys`), or say that it is to be kept all the same.",
  },
  "wallet.exists": {
    status: 409,
    meaning: "The wallet holds this credential or key already.",
    advice: "Nothing: it is there.",
  },
  "wallet.unknown": {
    status: 404,
    meaning: "The wallet holds no such credential or key, or several that the beginning of an id fits.",
    advice: "`hansa wallet list` shows what it holds.",
  },
  "wallet.in-use": {
    status: 409,
    meaning: "Credentials are held by this key: without it they could not be presented any more.",
    advice: "Remove the credentials first, or make a backup and say that the key is to go all the same.",
  },
  "wallet.query": {
    status: 400,
    meaning: "The request is no DCQL query (OpenID for Verifiable Presentations 1.0 §6).",
    advice: "See the payload's `problem`.",
  },
  "wallet.no-match": {
    status: 404,
    meaning: "The wallet holds nothing that answers the request.",
    advice: "See the payload's `missing`: those parts of the request found no credential.",
  },
  "wallet.choice": {
    status: 400,
    meaning: "A chosen credential does not answer the part of the request that it was chosen for.",
    advice: "Choose among those that the wallet found for it.",
  },
  "wallet.claim": {
    status: 400,
    meaning: "A chosen claim is not in the credential, or cannot be told apart from others.",
    advice: "`hansa wallet show` lists the claims that can be chosen.",
  },
  "wallet.indivisible": {
    status: 422,
    meaning:
      "Claims that were not chosen would be shown with those that were: the format shows all or none, or they stand in one piece.",
    advice: "Choose them, too (`--all` is everything), or ask the issuer for a credential that keeps them apart.",
  },
  "wallet.verifier": {
    status: 400,
    meaning: "It is not said for whom the presentation is, or which challenge it answers.",
    advice:
      "Ask the verifier for its domain and a fresh challenge: without them, what is shown could be shown again by others.",
  },
  "wallet.no-key": {
    status: 422,
    meaning: "The wallet has no key with which the credential could be presented in the way that was asked.",
    advice:
      "Credentials are presented with the key that they were issued to; ask for them with an Ed25519 or P-256 key.",
  },
  "wallet.not-empty": {
    status: 409,
    meaning: "The wallet holds something already, and the backup was not to be merged with it.",
    advice: "Restore into a new wallet, or say that it is to be merged: nothing is overwritten then either.",
  },
  "wallet.conflict": {
    status: 409,
    meaning: "The backup has, under the same id, something else than the wallet, or the wallet changed meanwhile.",
    advice: "Nothing was restored. Restore into a new wallet and compare.",
  },
  "wallet.locked": {
    status: 403,
    meaning: "The passphrase does not open the wallet or backup.",
    advice: "Check the passphrase.",
  },
  "wallet.damaged": {
    status: 400,
    meaning: "The wallet or backup was cut or changed, or is none.",
    advice: "Take another copy of the backup; a wallet that is damaged is restored from one.",
  },
  "wallet.unavailable": {
    status: 500,
    meaning: "The browser keeps no databases here, refused to write, or another page has an older version open.",
    advice: "Leave private browsing, free some space, close other pages of this site and try again.",
  },
  "wallet.closed": {
    status: 500,
    meaning: "The wallet was closed.",
    advice: "Open it again.",
  },
} as const satisfies ErrorTable;

/** Code of a refusal of the wallet. */
export type WalletErrorCode = keyof typeof WALLET_ERRORS;

/** Makes an error of the wallet. */
export const walletError = errorsOf(WALLET_ERRORS);

/**
 * Refuses a selection that would tell more than was chosen.
 *
 * @param unwanted - what could have been kept back and would come with it
 * @throws HansaError `wallet.indivisible`
 */
export function refuseUnwanted(unwanted: readonly string[]): void {
  const [first] = unwanted;
  if (first !== undefined)
    throw walletError("wallet.indivisible", `${first} cannot be kept back from what was chosen`, {
      claims: unwanted.slice(0, 20),
    });
}
