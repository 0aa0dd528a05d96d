import type { Clock } from "#base";

/** Why a connection was refused. Sent to the far side once TLS is up, and counted. */
export const GATE_REASONS = [
  /** Too many handshakes at once, or too fast from one address. */
  "too-many",
  /** TLS did not come about: no TLS, an old version, another protocol. */
  "handshake",
  /** The handshake or the header took too long. */
  "deadline",
  /** ALPN is missing. */
  "protocol",
  "certificate-missing",
  /** The certificate's key is not Ed25519, or the certificate cannot be read. */
  "certificate-key",
  "certificate-signature",
  "certificate-expired",
  "certificate-early",
  "certificate-lifetime",
  /** It is not for both ends of TLS. */
  "certificate-usage",
  /** It names another node than its key's. */
  "certificate-name",
  /** The ledger does not admit the node. */
  "not-admitted",
  /** Another node answers than the one that was dialled. */
  "wrong-node",
  "wrong-group",
  "wrong-version",
  /** Unknown here, or not offered. */
  "wrong-purpose",
  /** The first frame is no header, too long, or ends early. */
  "header",
  /** CometBFT does not listen. */
  "engine-down",
] as const;

export type GateReason = (typeof GATE_REASONS)[number];

export function isGateReason(value: unknown): value is GateReason {
  return GATE_REASONS.includes(value as GateReason);
}

const LOG_EVERY_MS = 10_000;

/** Counts refusals, and writes of each reason at most one line in ten seconds: strangers must not fill the log. */
export class Refusals {
  readonly #counts = new Map<GateReason, number>();
  readonly #logged = new Map<GateReason, { readonly at: number; readonly count: number }>();
  readonly #clock: Clock;
  readonly #log: (line: string) => void;

  constructor(clock: Clock, log: (line: string) => void) {
    this.#clock = clock;
    this.#log = log;
  }

  /** @param who - address, and node id where it is proven */
  add(reason: GateReason, who: string): void {
    const count = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, count);
    const last = this.#logged.get(reason);
    const now = this.#clock.now();
    if (last !== undefined && Math.abs(now - last.at) < LOG_EVERY_MS) return;
    this.#logged.set(reason, { at: now, count });
    const more = count - (last?.count ?? 0) - 1;
    this.#log(`peer gate: refused ${who}: ${reason}${more > 0 ? ` (and ${more} before it)` : ""}`);
  }

  counts(): Readonly<Partial<Record<GateReason, number>>> {
    return Object.fromEntries(this.#counts);
  }
}
