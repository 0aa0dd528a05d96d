// Other people's verifiers, which the tests hold against ours: they have no types of their own. Only what is used here.

declare module "@digitalbazaar/vc" {
  export interface ForeignOptions {
    readonly suite: object | readonly object[];
    readonly documentLoader: (url: string) => Promise<object>;
    readonly now?: Date;
    readonly checkStatus?: () => Promise<{ readonly verified: boolean }>;
  }
  export interface ForeignResult {
    readonly verified: boolean;
    readonly error?: unknown;
  }
  export function issue(options: ForeignOptions & { readonly credential: object }): Promise<object>;
  export function derive(options: ForeignOptions & { readonly verifiableCredential: object }): Promise<object>;
  export function verifyCredential(options: ForeignOptions & { readonly credential: object }): Promise<ForeignResult>;
  export function signPresentation(
    options: ForeignOptions & { readonly presentation: object; readonly challenge: string; readonly domain?: string },
  ): Promise<object>;
  export function verify(
    options: ForeignOptions & { readonly presentation: object; readonly challenge: string; readonly domain?: string },
  ): Promise<ForeignResult>;
}

declare module "@digitalbazaar/data-integrity" {
  export class DataIntegrityProof {
    constructor(options: { readonly signer?: object; readonly cryptosuite: object; readonly date?: string | Date });
  }
}

declare module "@digitalbazaar/ed25519-multikey" {
  export function from(key: object): Promise<{ signer(): object }>;
}

declare module "@digitalbazaar/ecdsa-multikey" {
  export function from(key: object): Promise<{ signer(): object }>;
}

declare module "@digitalbazaar/eddsa-rdfc-2022-cryptosuite" {
  export const cryptosuite: object;
}

declare module "@digitalbazaar/ecdsa-rdfc-2019-cryptosuite" {
  export const cryptosuite: object;
}

declare module "@digitalbazaar/eddsa-jcs-2022-cryptosuite" {
  export function createSignCryptosuite(): object;
  export function createVerifyCryptosuite(): object;
}

declare module "@digitalbazaar/ecdsa-jcs-2019-cryptosuite" {
  export function createSignCryptosuite(): object;
  export function createVerifyCryptosuite(): object;
}

declare module "@digitalbazaar/ecdsa-sd-2023-cryptosuite" {
  export function createSignCryptosuite(options?: object): object;
  export function createDiscloseCryptosuite(options?: object): object;
  export function createVerifyCryptosuite(options?: object): object;
}
