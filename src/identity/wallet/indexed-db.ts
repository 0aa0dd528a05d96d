/** The part of IndexedDB that the wallet uses, and promises around it. This room has no types of browsers. */
import { walletError } from "./errors.ts";

export interface IdbRequest<Result = unknown> {
  readonly result: Result;
  readonly error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}

export interface IdbOpenRequest extends IdbRequest<IdbDatabase> {
  onupgradeneeded: (() => void) | null;
  onblocked: (() => void) | null;
}

export interface IdbIndex {
  getAll(query: unknown): IdbRequest<unknown[]>;
  count(query: unknown): IdbRequest<number>;
}

export interface IdbObjectStore {
  get(key: unknown): IdbRequest;
  add(value: unknown): IdbRequest;
  delete(key: unknown): IdbRequest;
  index(name: string): IdbIndex;
  createIndex(name: string, path: string, options?: { readonly multiEntry?: boolean }): unknown;
}

export interface IdbTransaction {
  readonly error: unknown;
  objectStore(name: string): IdbObjectStore;
  abort(): void;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  onerror: (() => void) | null;
}

export interface IdbDatabase {
  transaction(
    stores: string | readonly string[],
    mode: "readonly" | "readwrite",
    options?: { readonly durability?: "strict" | "relaxed" },
  ): IdbTransaction;
  createObjectStore(name: string, options: { readonly keyPath: string }): IdbObjectStore;
  close(): void;
  onversionchange: (() => void) | null;
}

/** `globalThis.indexedDB`. */
export interface IdbFactory {
  open(name: string, version: number): IdbOpenRequest;
}

const unavailable = (cause: unknown) =>
  walletError("wallet.unavailable", "the browser's database does not answer", {}, cause);

/** @throws HansaError `wallet.unavailable` */
export function settle<Result>(request: IdbRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(unavailable(request.error));
  });
}

/** Resolves once the transaction is complete: in a strict one, on disk. */
export function finish(transaction: IdbTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(unavailable(transaction.error));
    transaction.onerror = () => reject(unavailable(transaction.error));
  });
}

/** @throws HansaError `wallet.unavailable` */
export async function openIdb(
  factory: IdbFactory,
  name: string,
  version: number,
  upgrade: (db: IdbDatabase) => void,
): Promise<IdbDatabase> {
  let request: IdbOpenRequest;
  try {
    request = factory.open(name, version);
  } catch (error) {
    throw unavailable(error);
  }
  request.onupgradeneeded = () => upgrade(request.result);
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(unavailable(request.error));
    request.onblocked = () => reject(unavailable(undefined));
  });
}
