type Done = (error?: Error | null) => void;

/** QoS 2 messages on their way into the log: a repetition waits for the first. */
export class Arrivals {
  /** Who else waits, by client and identifier. */
  readonly #waiting = new Map<string, Done[]>();

  /** Answers whom to tell when the message is in the log, or `undefined` where it is on its way: then `done` hears of that one's outcome. */
  begin(client: string, messageId: number | undefined, done: Done): Done | undefined {
    const key = `${client} ${messageId}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.push(done);
      return undefined;
    }
    this.#waiting.set(key, []);
    return (error) => {
      const others = this.#waiting.get(key) ?? [];
      this.#waiting.delete(key);
      // The first one's `done` stores the identifier at once: the others find it there.
      done(error);
      for (const other of others) other(error);
    };
  }
}
