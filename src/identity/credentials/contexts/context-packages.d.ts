// Packages of JSON-LD contexts: they have no types of their own.

declare module "@digitalbazaar/credentials-context" {
  export const contexts: ReadonlyMap<string, object>;
}

declare module "@digitalbazaar/credentials-examples-context/dist/context.js" {
  const module: { readonly contexts: ReadonlyMap<string, object> };
  export default module;
}

declare module "@digitalbazaar/data-integrity-context" {
  const module: { readonly contexts: ReadonlyMap<string, object> };
  export default module;
}

declare module "@digitalbazaar/multikey-context" {
  const module: { readonly contexts: ReadonlyMap<string, object> };
  export default module;
}

declare module "did-context" {
  const module: { readonly contexts: ReadonlyMap<string, object> };
  export default module;
}
