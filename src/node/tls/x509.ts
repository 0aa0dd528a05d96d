/** `@peculiar/x509` with the polyfill that its container wants in place before it is loaded. */
import "reflect-metadata";

export * from "@peculiar/x509";
