/** Bounds of a gate. Times are milliseconds of the gate's clock, sizes bytes. */
export interface GateLimits {
  /** From the first packet to the end of the header, incoming and outgoing. */
  readonly handshakeMs: number;
  /** Handshakes under way at once, in all and from one address. */
  readonly handshakes: number;
  readonly handshakesPerAddress: number;
  /** Handshakes that one address may begin within ten seconds. */
  readonly handshakeRate: number;
  /** Open streams of one peer and purpose towards us; one more pushes out the oldest. */
  readonly streamsPerPeer: number;
  /** Connections that one loopback port takes at once. */
  readonly localConnections: number;
  /** How far apart two members' clocks may be when a certificate's dates are checked. */
  readonly clockSkewMs: number;
  /** How long our certificates are valid; a new one is made at half of it. */
  readonly certificateMs: number;
  /** A message, either way. */
  readonly messageBytes: number;
  /** Until a request's answer, dialling included; also how long a handler may take. */
  readonly requestMs: number;
  /** Requests that wait for one peer's answers, and requests of one stream that are handled at once. */
  readonly requestsPerPeer: number;
  readonly handlersPerStream: number;
  /** Body of a light client's request. */
  readonly lightBytes: number;
  /** From one whole request of a light client to the next. */
  readonly lightIdleMs: number;
  /** How long a node that its own member took out still hears what the others decided. */
  readonly leavingMs: number;
}

export const DEFAULT_GATE_LIMITS: GateLimits = {
  handshakeMs: 10_000,
  handshakes: 128,
  // Nodes of a test network, or behind one NAT, share an address.
  handshakesPerAddress: 32,
  handshakeRate: 200,
  streamsPerPeer: 8,
  localConnections: 8,
  clockSkewMs: 2 * 3_600_000,
  certificateMs: 24 * 3_600_000,
  messageBytes: 1 << 20,
  requestMs: 10_000,
  requestsPerPeer: 64,
  handlersPerStream: 16,
  lightBytes: 1 << 20,
  lightIdleMs: 120_000,
  leavingMs: 10_000,
};

/** Longest lifetime of a peer's certificate: without a bound the dates would say nothing. */
export const LONGEST_CERTIFICATE_MS = 31 * 24 * 3_600_000;
/** What waits in memory for a slow reader, each way of each stream. */
export const BUFFER_BYTES = 256 << 10;
