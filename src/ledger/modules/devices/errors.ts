import type { ReceiptErrorTable } from "#protocol";
import { refusals } from "../../kernel/module.ts";

export const DEVICE_ERRORS = {
  "devices.root-exists": {
    number: 301,
    status: 409,
    meaning: "The root key is registered already.",
    advice: "Use it, or register another.",
  },
  "devices.unknown-root": {
    number: 302,
    status: 404,
    meaning: "The root key is not registered, or was removed.",
    advice: "Its maker registers it with `devices.addRoot`.",
  },
  "devices.model-exists": {
    number: 303,
    status: 409,
    meaning: "The model is defined already.",
    advice: "Choose another id, or add firmware to it.",
  },
  "devices.unknown-model": {
    number: 304,
    status: 404,
    meaning: "No such model.",
    advice: "`hansa model list` shows them.",
  },
  "devices.firmware-exists": {
    number: 305,
    status: 409,
    meaning: "This firmware version is registered already.",
    advice: "A version's digest never changes: publish a new version.",
  },
  "devices.unknown-firmware": {
    number: 306,
    status: 404,
    meaning: "The model has no such firmware version.",
    advice: "The maker adds it with `devices.addFirmware`.",
  },
  "devices.bad-key": {
    number: 307,
    status: 400,
    meaning: "The Multikey is not a public key.",
    advice: "Use an Ed25519, P-256 or secp256k1 key.",
  },
  "devices.bad-certificate": {
    number: 308,
    status: 400,
    meaning: "The device certificate is malformed, expired, of another device, or not signed by a registered root.",
    advice: "See the payload's `problem`.",
  },
  "devices.exists": {
    number: 309,
    status: 409,
    meaning: "The device is enrolled already.",
    advice: "See `hansa device show`.",
  },
  "devices.unknown": { number: 310, status: 404, meaning: "No such device.", advice: "Enrol it first." },
  "devices.unknown-identity": {
    number: 311,
    status: 404,
    meaning: "A DID is not on this ledger, or is deactivated.",
    advice: "Create it first.",
  },
  "devices.state": {
    number: 312,
    status: 409,
    meaning: "The device's status does not allow this.",
    advice: "See the payload's `status`.",
  },
  "devices.no-challenge": {
    number: 313,
    status: 409,
    meaning: "There is no open challenge with this nonce: it was answered already, replaced, or never given.",
    advice: "Ask for a fresh challenge; an answer counts once.",
  },
  "devices.challenge-expired": {
    number: 314,
    status: 409,
    meaning: "The challenge was answered too late.",
    advice: "Ask for a fresh challenge.",
  },
  "devices.bad-attestation": {
    number: 315,
    status: 400,
    meaning:
      "The attestation is malformed, of another device or platform, not in production state, or not signed by the device.",
    advice: "See the payload's `problem`.",
  },
  "devices.uncertified": {
    number: 316,
    status: 403,
    meaning: "No lab in good standing certifies this model with this firmware.",
    advice: "Have the firmware certified, or update the device.",
  },
  "devices.firmware-mismatch": {
    number: 317,
    status: 403,
    meaning: "The firmware's digest is not the one that its maker registered.",
    advice: "Reinstall genuine firmware.",
  },
  "devices.recalled": {
    number: 318,
    status: 403,
    meaning: "The model was recalled.",
    advice: "Wait until the recall is lifted.",
  },
  "devices.nonce-reused": {
    number: 319,
    status: 409,
    meaning: "The nonce was used before.",
    advice: "Draw at least 128 random bits for each challenge.",
  },
  "devices.until": {
    number: 320,
    status: 400,
    meaning: "The end of the admission lies in the past or beyond what the certification or certificate covers.",
    advice: "Choose an earlier end.",
  },
  "devices.too-many": {
    number: 321,
    status: 409,
    meaning: "A model has at most 256 firmware versions.",
    advice: "Define a new model for what comes after.",
  },
} as const satisfies ReceiptErrorTable;

export const refuse = refusals(DEVICE_ERRORS);
