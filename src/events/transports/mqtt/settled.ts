/**
 * An outcome that is there already, in the shape that aedes waits on. aedes numbers a message, waits for the persistence, and then
 * hands it to subscribers, which drop a number lower than the last one. Were some answers a microtask later than others, as promises
 * are, a retained message would be overtaken by one that is not and be lost. An answer at once keeps the order, and costs nothing.
 */
export class Settled<Value> {
  readonly #value: Value;

  constructor(value: Value) {
    this.#value = value;
  }

  // biome-ignore lint/suspicious/noThenProperty: aedes chains with `then`, and `await` must work on it too.
  then(resolve: (value: Value) => unknown): void {
    resolve(this.#value);
  }

  finally(run: () => unknown): void {
    run();
  }
}

/** What the persistence answers: now, or once it is durable. */
export type Outcome<Value> = Settled<Value> | Promise<Value>;

export const SETTLED: Settled<undefined> = new Settled(undefined);

/** A refusal at once, for the same reason as `Settled`. */
export class Refused extends Settled<never> {
  readonly #reason: string;

  constructor(reason: string) {
    super(undefined as never);
    this.#reason = reason;
  }

  // biome-ignore lint/suspicious/noThenProperty: as above.
  override then(_: unknown, reject?: (error: Error) => unknown): void {
    reject?.(new Error(this.#reason));
  }
}
