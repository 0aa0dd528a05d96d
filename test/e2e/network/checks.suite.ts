/** What a network is held against from outside, over HTTP: one history, nothing acknowledged lost, nothing twice. */
import { decodeTransaction, type SignedHeader } from "#protocol";
import { type Client, getBlock, getBlocks, getStatus } from "#sdk";
import type { Acknowledged } from "./load.suite.ts";

const PAGE = 100;

/** Goes over the blocks of all members; what was seen once is not asked for again. */
export class History {
  /** Canonical enough: every node makes its JSON of the stored bytes. */
  readonly #headers = new Map<number, { readonly text: string; readonly from: string; readonly state: string }>();
  readonly #readTo = new Map<string, number>();
  readonly #places = new Map<string, string>();
  #placedTo = 0;

  /** Highest block that anybody showed. */
  get height(): number {
    return Math.max(0, ...this.#headers.keys());
  }

  /** State root at a height. */
  rootAt(height: number): string | undefined {
    return this.#headers.get(height)?.state;
  }

  /** A member forgets what it had: its blocks are asked for anew. */
  forget(member: string): void {
    this.#readTo.delete(member);
  }

  /** Reads what is new at a member; answers where it differs from what another showed. */
  async read(member: string, client: Client): Promise<string[]> {
    const wrong: string[] = [];
    const [group] = (await getStatus(client)).groups;
    const head = group?.height ?? 0;
    const known = this.#readTo.get(member) ?? 0;
    if (head < known) wrong.push(`${member} fell from height ${known} to ${head}`);
    for (let from = known + 1; from <= head; from += PAGE) {
      const { items } = await getBlocks(client, { from, limit: Math.min(PAGE, head - from + 1) });
      for (const signed of items) wrong.push(...this.#note(member, signed));
    }
    this.#readTo.set(member, head);
    return wrong;
  }

  #note(member: string, { header }: SignedHeader): string[] {
    const text = JSON.stringify(header);
    const before = this.#headers.get(header.height);
    if (before === undefined) this.#headers.set(header.height, { text, from: member, state: header.state });
    return before === undefined || before.text === text
      ? []
      : [`fork at ${header.height}: ${before.from} has ${before.text}, ${member} has ${text}`];
  }

  /** Holds acknowledged transactions against the blocks of one member; headers hold the roots of what is in them. */
  async findLosses(client: Client, acknowledged: readonly Acknowledged[]): Promise<string[]> {
    const wrong: string[] = [];
    const [group] = (await getStatus(client)).groups;
    const head = group?.height ?? 0;
    for (let height = this.#placedTo + 1; height <= head; height++) {
      const { transactions, receipts } = await getBlock(client, height);
      transactions.forEach((text, index) => {
        // A copy in a second bundle is refused, and changes nothing.
        if (receipts[index]?.code !== 0) return;
        const { claims } = decodeTransaction(text);
        const id = `${claims.iss} ${claims.jti}`;
        const before = this.#places.get(id);
        if (before !== undefined) wrong.push(`${id} was executed at ${before} and at ${height}/${index}`);
        this.#places.set(id, `${height}/${index}`);
      });
    }
    this.#placedTo = head;
    for (const { issuer, jti, height, index } of acknowledged) {
      const place = this.#places.get(`${issuer} ${jti}`);
      if (place !== `${height}/${index}`)
        wrong.push(`${jti} was acknowledged at ${height}/${index} and is at ${place}`);
    }
    return wrong;
  }
}
