// Primitives of selective disclosure: they have no types of their own. Only what is used here.

declare module "@digitalbazaar/di-sd-primitives" {
  export function skolemizeCompactJsonLd(parameters: {
    readonly document: object;
    readonly options: object;
  }): Promise<{ readonly expanded: readonly object[]; readonly compact: object }>;
  export function createHmac(parameters: { readonly key: Uint8Array }): Promise<{
    sign(bytes: Uint8Array): Promise<Uint8Array>;
  }>;
}
