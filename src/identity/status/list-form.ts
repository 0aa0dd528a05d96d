/**
 * One list has two forms: a bitstring of one bit for each credential, and a Token Status List, whose entries say what the bit means. The ledger
 * keeps the digest of one of them, and both are held against it.
 */
import { type BitOrder, StatusList } from "./status-list.ts";
import { TOKEN_STATUS } from "./token-status.ts";

/** As the ledger names them. */
export type ListForm = "bitstring" | "token";

/** Token Status List §7.1: a status of 1 is for good, of 2 for a time; the second wants two bits. */
export function tokenStatusOf(purpose: string): number {
  return purpose === "suspension" ? TOKEN_STATUS.suspended : TOKEN_STATUS.invalid;
}

/**
 * A list in one of its two forms.
 *
 * @param purpose - what it is about, such as `revocation`
 * @returns the list itself where it has the form already; `undefined` where it says more than the other form can
 * @example
 * ```ts
 * const list = StatusList.create({ order: "left" });
 * inForm(list, "token", "suspension")?.bits; // 2
 * ```
 */
export function inForm(list: StatusList, form: ListForm, purpose: string): StatusList | undefined {
  const order = form === "bitstring" ? "left" : "right";
  if (list.order === order) return list;
  const from = valueIn(list.order, purpose);
  const to = valueIn(order, purpose);
  if (list.bits !== bitsOf(from) || list.size % 8 !== 0) return undefined;
  const turned = StatusList.create({ order, bits: bitsOf(to), entries: list.size });
  for (let index = 0; index < list.size; index++) {
    const value = list.get(index);
    if (value === 0) continue;
    if (value !== from) return undefined;
    turned.set(index, to);
  }
  return turned;
}

function valueIn(order: BitOrder, purpose: string): number {
  return order === "left" ? 1 : tokenStatusOf(purpose);
}

function bitsOf(value: number): 1 | 2 {
  return value === 1 ? 1 : 2;
}
