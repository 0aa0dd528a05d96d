import { type ErrorTable, errorsOf } from "#base";

/** What the crypto room refuses. No message ever holds a secret. */
export const CRYPTO_ERRORS = {
  "crypto.tree-key": {
    status: 400,
    meaning: "A key of the indexed tree is not 1 to 200 printable ASCII characters.",
    advice: "Use a key of 1 to 200 characters between space and tilde.",
  },
  "crypto.tree-digest": {
    status: 500,
    meaning: "A value digest given to the indexed tree is not 32 bytes.",
    advice: "Give the SHA-256 digest of the value, or null to delete.",
  },
  "crypto.tree-duplicate": {
    status: 500,
    meaning: "One batch of changes, or the records that a tree is built from, name a key twice.",
    advice: "Fold the changes of a block into one per key; check the stored records.",
  },
  "crypto.tree-records": {
    status: 500,
    meaning: "The records that a tree is built from do not fill the slots 1 to n, each once.",
    advice: "The store lost records or holds foreign ones: restore it from a backup or replay the blocks.",
  },
  "crypto.tree-stale": {
    status: 500,
    meaning: "Staged changes were committed after the tree had moved on.",
    advice: "Stage the changes again on the tree as it is now.",
  },
  "crypto.tree-limit": {
    status: 507,
    meaning: "The tree has no room for more slots, or a batch holds too many changes.",
    advice: "Split the batch; a group with more than 2^31 records must be split into several.",
  },
  "crypto.log-range": {
    status: 400,
    meaning: "A leaf index or a size lies outside of the log.",
    advice: "Ask for an index below the size, and for sizes up to the log's own.",
  },
  "crypto.log-node-missing": {
    status: 500,
    meaning: "The store behind a log lacks the hash of a complete subtree.",
    advice: "The log's stored hashes are damaged: restore them from a backup or rebuild them from the entries.",
  },
  "crypto.keystore-exists": {
    status: 409,
    meaning: "A key file stands at this path already.",
    advice: "Open it, or choose another path; a key file is never overwritten by a new one.",
  },
  "crypto.keystore-missing": {
    status: 404,
    meaning: "There is no key file at this path.",
    advice: "Check the path, or create the key file.",
  },
  "crypto.keystore-permissions": {
    status: 403,
    meaning: "The key file can be read or written by others than its owner.",
    advice: "Run chmod 600 on it, and consider its keys exposed.",
  },
  "crypto.keystore-locked": {
    status: 403,
    meaning: "The passphrase does not open this key file.",
    advice: "Check the passphrase.",
  },
  "crypto.keystore-damaged": {
    status: 500,
    meaning: "The file is not a key file, is cut short, or was changed.",
    advice: "Restore it from a backup.",
  },
  "crypto.keystore-conflict": {
    status: 409,
    meaning: "The key file was changed by somebody else since it was opened.",
    advice: "Close it, open it again and repeat the change.",
  },
  "crypto.keystore-io": {
    status: 500,
    meaning: "The key file or its folder cannot be read or written.",
    advice: "Check the folder, its owner and the space left; the keys in memory are as they were.",
  },
  "crypto.keystore-closed": {
    status: 500,
    meaning: "The key store is closed, or the key behind a signer was removed.",
    advice: "Open the key store again.",
  },
  "crypto.key-name": {
    status: 400,
    meaning: "A key's name is not 1 to 128 characters of letters, digits and . _ : # / -.",
    advice: "Choose another name.",
  },
  "crypto.key-exists": {
    status: 409,
    meaning: "The key store holds a key of this name already.",
    advice: "Choose another name, or remove the old key first.",
  },
  "crypto.key-unknown": {
    status: 404,
    meaning: "The key store holds no key of this name.",
    advice: "List the keys that it holds.",
  },
  "crypto.key-invalid": {
    status: 400,
    meaning: "The secret is not a valid one of its algorithm.",
    advice: "Give the 32 bytes of the private key.",
  },
  "crypto.key-limit": {
    status: 507,
    meaning: "The key store is full.",
    advice: "Remove keys that are no longer used.",
  },
  "crypto.passphrase": {
    status: 400,
    meaning: "A passphrase is empty or longer than 1024 bytes.",
    advice: "Choose a passphrase of several words.",
  },
  "crypto.argon2": {
    status: 400,
    meaning: "The cost of the passphrase's hash lies outside of what is allowed.",
    advice: "Use 2 to 16 passes and 19 to 512 MiB of memory.",
  },
  "crypto.seal-key": {
    status: 500,
    meaning: "A sealing key is not 32 bytes.",
    advice: "Take the key from a key store.",
  },
  "crypto.seal-broken": {
    status: 400,
    meaning: "Sealed bytes do not open: another key, other associated data, or a change on the way.",
    advice: "Check that the key and the associated data are those of the sealing side.",
  },
} as const satisfies ErrorTable;

export type CryptoErrorCode = keyof typeof CRYPTO_ERRORS;

export const cryptoError = errorsOf(CRYPTO_ERRORS);
