// Digital Bazaar's libraries, which tests and benches hold ours against: they have no types of their own. Only what is used.

declare module "@digitalbazaar/vc" {
  export function issue(options: object): Promise<object>;
  export function derive(options: object): Promise<object>;
  export function verifyCredential(options: object): Promise<{ readonly verified: boolean; readonly error?: unknown }>;
}

declare module "@digitalbazaar/data-integrity" {
  export const DataIntegrityProof: new (options: object) => object;
}

declare module "@digitalbazaar/eddsa-rdfc-2022-cryptosuite" {
  export const cryptosuite: object;
}

declare module "@digitalbazaar/ecdsa-rdfc-2019-cryptosuite" {
  export const cryptosuite: object;
}

declare module "@digitalbazaar/ecdsa-sd-2023-cryptosuite" {
  export function createSignCryptosuite(options: object): object;
  export function createDiscloseCryptosuite(options: object): object;
  export function createVerifyCryptosuite(): object;
}

declare module "@digitalbazaar/ed25519-multikey" {
  export function from(key: object): Promise<{ signer(): object }>;
}

declare module "@digitalbazaar/ecdsa-multikey" {
  export function from(key: object): Promise<{ signer(): object }>;
}
