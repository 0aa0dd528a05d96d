/** How a shared suite gets its stores. */
import { afterEach, beforeEach } from "vitest";

/** A store under test: `reopen` closes it and opens the same data again. */
export interface Harness<Store> {
  store(): Store;
  reopen(): Store;
  dispose(): void;
}

/** A fresh store for each test. */
export function use<Store>(make: () => Harness<Store>): { current: () => Harness<Store> } {
  let harness: Harness<Store>;
  beforeEach(() => {
    harness = make();
  });
  afterEach(() => harness.dispose());
  return { current: () => harness };
}
