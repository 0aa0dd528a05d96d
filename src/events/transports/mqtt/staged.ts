/** What a published packet changes in sessions, on its way through aedes. */

/**
 * All that one published packet changes in sessions: written in the transaction that makes its event durable, taken over into memory
 * when aedes gets to it. It rides on the packet as `properties`, which aedes carries along and MQTT 3.1.1 never sends.
 */
export class Staged {
  readonly write: () => void;
  readonly queued = new Map<string, number>();

  constructor(write: (staged: Staged) => void) {
    this.write = () => write(this);
  }
}

/** Of a packet for which nothing has to be kept. Whoever subscribes after it was taken has no claim to it. */
export const NOTHING_STAGED = new Staged(() => {});

/** What was staged for a packet, where it came through here. */
export const stagedOf = (packet: object): Staged | undefined => {
  const { properties } = packet as { properties?: unknown };
  return properties instanceof Staged ? properties : undefined;
};
