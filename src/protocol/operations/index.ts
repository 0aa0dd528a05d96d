import type { Static, TSchema } from "@sinclair/typebox";
import { DEVICE_OPERATIONS } from "./devices.ts";
import { EVIDENCE_OPERATIONS } from "./evidence.ts";
import { IDENTITY_OPERATIONS } from "./identity.ts";
import { ISSUER_OPERATIONS } from "./issuers.ts";
import { LINKAGE_OPERATIONS } from "./linkages.ts";
import { MEMBER_OPERATIONS } from "./members.ts";
import { NODE_OPERATIONS } from "./nodes.ts";
import { STATUS_OPERATIONS } from "./statuses.ts";
import { TOPIC_OPERATIONS } from "./topics.ts";

/** Every operation's argument schema: the one definition that the ledger, the HTTP API, the sdk and the CLI share. */
export const OPERATIONS = {
  ...MEMBER_OPERATIONS,
  ...IDENTITY_OPERATIONS,
  ...DEVICE_OPERATIONS,
  ...LINKAGE_OPERATIONS,
  ...TOPIC_OPERATIONS,
  ...NODE_OPERATIONS,
  ...ISSUER_OPERATIONS,
  ...STATUS_OPERATIONS,
  ...EVIDENCE_OPERATIONS,
} as const satisfies Record<string, TSchema>;

export type OperationName = keyof typeof OPERATIONS;

/** Arguments of one operation. */
export type OperationArgs<Name extends OperationName> = Static<(typeof OPERATIONS)[Name]>;

/** A typed operation, ready to be signed. */
export function operation<Name extends OperationName>(
  op: Name,
  args: OperationArgs<Name>,
): { op: Name; args: OperationArgs<Name> & Record<string, never> } {
  return { op, args: args as OperationArgs<Name> & Record<string, never> };
}
