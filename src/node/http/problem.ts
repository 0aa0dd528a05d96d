/** Refusals as problem documents (RFC 9457). The one place where a code becomes an HTTP status. */

import { AUDIT_ERRORS } from "#audit";
import { type ErrorTable, HansaError, JSON_ERRORS } from "#base";
import { BRIDGE_ERRORS } from "#bridges";
import { CRYPTO_ERRORS } from "#crypto";
import { ENGINE_ERRORS } from "#engines";
import { EVENT_ERRORS } from "#events";
import { EXCHANGE_ERRORS } from "#exchange";
import {
  CREDENTIAL_ERRORS,
  OPENID_ERRORS,
  RESOLUTION_ERRORS,
  type ResolutionErrorCode,
  resolutionErrorType,
  WALLET_ERRORS,
} from "#identity";
import { LEDGER_ERRORS, RECEIPT_ERRORS } from "#ledger";
import { LINKAGE_ERRORS } from "#linkage";
import { PROTOCOL_ERRORS } from "#protocol";
import { STORAGE_ERRORS } from "#storage";
import { VC_API_ERRORS } from "../credentials/errors.ts";
import { NODE_ERRORS } from "../errors.ts";
import { TLS_ERRORS } from "../tls/errors.ts";

/** Every code that a node can answer, by room. */
export const ALL_ERRORS: ErrorTable = {
  ...JSON_ERRORS,
  ...CRYPTO_ERRORS,
  ...PROTOCOL_ERRORS,
  ...RECEIPT_ERRORS,
  ...LEDGER_ERRORS,
  ...STORAGE_ERRORS,
  ...ENGINE_ERRORS,
  ...RESOLUTION_ERRORS,
  ...CREDENTIAL_ERRORS,
  ...WALLET_ERRORS,
  ...EVENT_ERRORS,
  ...EXCHANGE_ERRORS,
  ...LINKAGE_ERRORS,
  ...BRIDGE_ERRORS,
  ...AUDIT_ERRORS,
  ...NODE_ERRORS,
  ...TLS_ERRORS,
  ...VC_API_ERRORS,
  ...OPENID_ERRORS,
};

export interface Problem {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The problem document of an error. What is no `HansaError` says nothing about itself: it may hold anything. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof HansaError))
    return problemOf(
      new HansaError("http.internal", "the node failed", {}, { advice: NODE_ERRORS["http.internal"].advice }),
    );
  const entry = ALL_ERRORS[error.code];
  const status = entry?.status ?? 500;
  return {
    status,
    body: {
      ...error.payload,
      type: typeOf(error.code),
      title: entry?.meaning ?? "An error without an entry.",
      status,
      detail: error.message,
      code: error.code,
      ...(error.advice === undefined ? {} : { advice: error.advice }),
    },
  };
}

/** Other resolvers' clients know the W3C's names. */
function typeOf(code: string): string {
  return Object.hasOwn(RESOLUTION_ERRORS, code)
    ? resolutionErrorType(code as ResolutionErrorCode)
    : `urn:hansa:error:${code}`;
}
