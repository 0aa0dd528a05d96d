import type { ReceiptErrorTable } from "#protocol";
import { refusals } from "../../kernel/module.ts";

export const IDENTITY_ERRORS = {
  "identity.exists": {
    number: 201,
    status: 409,
    meaning: "The DID is on the ledger already.",
    advice: "Use it, or create one with another first key.",
  },
  "identity.unknown": { number: 202, status: 404, meaning: "No such DID on this ledger.", advice: "Create it first." },
  "identity.deactivated": {
    number: 203,
    status: 410,
    meaning: "The DID was deactivated for good.",
    advice: "Create a new one.",
  },
  "identity.sponsor-required": {
    number: 204,
    status: 403,
    meaning: "No active member signed for the new DID.",
    advice: "Let a member sign too, or alone.",
  },
  "identity.bad-key": {
    number: 205,
    status: 400,
    meaning: "The Multikey is not a point of its curve.",
    advice: "Use the public key of an Ed25519, P-256 or secp256k1 key.",
  },
  "identity.key-exists": {
    number: 206,
    status: 409,
    meaning: "The DID has this key already.",
    advice: "Nothing to do, or remove it first to change its relationships.",
  },
  "identity.unknown-key": {
    number: 207,
    status: 404,
    meaning: "The DID has no such key.",
    advice: "`hansa did show` lists its keys.",
  },
  "identity.last-key": {
    number: 208,
    status: 409,
    meaning: "Without this key nobody could change the DID any more.",
    advice: "Add another key with `capabilityInvocation`, or set a controller, first.",
  },
  "identity.unknown-service": {
    number: 209,
    status: 404,
    meaning: "The DID has no such service.",
    advice: "`hansa did show` lists them.",
  },
  "identity.too-many": {
    number: 210,
    status: 409,
    meaning: "A DID has at most 16 keys and 16 services.",
    advice: "Remove one first.",
  },
  "identity.unknown-controller": {
    number: 211,
    status: 404,
    meaning: "A controller is not a live DID of this ledger.",
    advice: "Create it first.",
  },
  "identity.active-member": {
    number: 212,
    status: 409,
    meaning: "The DID is an active member's: without it the member's vote would count and could never be given.",
    advice: "Let the member leave by vote first.",
  },
} as const satisfies ReceiptErrorTable;

export const refuse = refusals(IDENTITY_ERRORS);
