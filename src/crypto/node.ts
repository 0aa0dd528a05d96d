/** The door of this room for Node: what needs libsodium or files. */
export { randomBytes } from "#crypto/backend";
export {
  createKeyFile,
  type KeyFile,
  type KeyFileOptions,
  openKeyFile,
} from "./keystores/file.ts";
export { type KeyStore, MAX_KEYS, type StoredKey } from "./keystores/key-store.ts";
export { createMemoryKeyStore } from "./keystores/memory.ts";
export { type NonceOptions, Nonces } from "./nonces.ts";
export { equalSecret, open, seal, wipe } from "./secret.ts";
