import type { Clock } from "#base";

/** Nodes that were taken out by their own member, and still hear the block that says so. */
export class LeavingNodes {
  readonly #clock: Clock;
  readonly #duration: number;
  readonly #over: () => void;
  /** By node, what calls off the end of its time. */
  readonly #leaving = new Map<string, () => void>();
  #admitted: ReadonlySet<string> = new Set();

  /**
   * @param duration - how long they hear it, milliseconds
   * @param over - called when a node's time is over
   */
  constructor(clock: Clock, duration: number, over: () => void) {
    this.#clock = clock;
    this.#duration = duration;
    this.#over = over;
  }

  has(node: string): boolean {
    return this.#leaving.has(node);
  }

  /**
   * Follows the ledger. Time begins for nodes that were admitted until now, and only once: who is away when it is over has missed it.
   *
   * @param leaves - whether a node that is not admitted left of its member's own accord
   */
  follow(admitted: ReadonlySet<string>, leaves: (node: string) => boolean): void {
    for (const [node, callOff] of this.#leaving)
      if (admitted.has(node) || !leaves(node)) {
        callOff();
        this.#leaving.delete(node);
      }
    for (const node of this.#admitted) if (!admitted.has(node) && leaves(node)) this.#begin(node);
    this.#admitted = admitted;
  }

  /** Nobody hears anything any more. */
  close(): void {
    for (const callOff of this.#leaving.values()) callOff();
    this.#leaving.clear();
    this.#admitted = new Set();
  }

  #begin(node: string): void {
    const callOff = this.#clock.after(this.#duration, () => {
      this.#leaving.delete(node);
      this.#over();
    });
    this.#leaving.set(node, callOff);
  }
}
