/** What tests of this room share: a real store in a folder of its own, real logs, and rights that a test writes down. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, isHansaError, systemClock } from "#base";
import { createSigner, type Signer } from "#crypto";
import { KeyValueStore, LogStore, openDatabase } from "#storage";
import { EventMaker } from "../cloud-event.ts";
import { eventError } from "../errors.ts";
import type { EventRights, Principal } from "../rights.ts";
import { matchesFilter } from "../topic-filter.ts";
import { type LogLimits, TopicLogs } from "./topic-logs.ts";

export const GROUP = "hanse:main:test";
export const SIGNER_NAME = "did:hansa:hanse:operator";

export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "hansa-events-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface OpenLogs {
  readonly logs: TopicLogs;
  readonly store: LogStore;
  readonly sessions: KeyValueStore;
  readonly maker: EventMaker;
  readonly signer: Signer;
  close(): void;
}

/** Opens the logs of a folder; opening it again goes on with what is there. */
export function openLogs(
  folder: string,
  options: { clock?: Clock; limits?: Partial<LogLimits>; signer?: Signer; onListenerError?: (e: unknown) => void } = {},
): OpenLogs {
  const db = openDatabase({ file: join(folder, "events.db"), key: new Uint8Array(32).fill(7) });
  const store = new LogStore(db);
  const clock = options.clock ?? systemClock;
  const signer = options.signer ?? createSigner("Ed25519", new Uint8Array(32).fill(9));
  const logs = new TopicLogs({
    store,
    clock,
    group: GROUP,
    signer,
    signerName: SIGNER_NAME,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.onListenerError === undefined ? {} : { onListenerError: options.onListenerError }),
  });
  return {
    logs,
    store,
    sessions: new KeyValueStore(db, "mqtt"),
    maker: new EventMaker({ clock }),
    signer,
    close() {
      logs.close();
      db.close();
    },
  };
}

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** A principal by a short name: the same name is always the same one. */
export function principalOf(name: string, kind: Principal["kind"] = "device"): Principal {
  let fingerprint = "";
  for (let i = 0; i < 27; i++) fingerprint += ALPHABET[(name.charCodeAt(i % name.length) * (i + 3)) % 58];
  return {
    did: `did:hansa:hanse:${fingerprint}`,
    fingerprint,
    kind,
    expires: Number.MAX_SAFE_INTEGER,
  };
}

/** Rights out of a table that a test may change at any time. Tokens are `token-of-<name>`. */
export class TableRights implements EventRights {
  readonly topics = new Set<string>();
  readonly principals = new Map<string, Principal>();
  readonly revoked = new Set<string>();
  /** `name topic filter` */
  readonly publish: [Principal, string, string][] = [];
  readonly subscribe: [Principal, string, string][] = [];

  constructor(...topics: string[]) {
    for (const topic of topics) this.topics.add(topic);
  }

  /** Adds somebody who may publish and subscribe everywhere in the named topics. */
  admit(name: string, kind: Principal["kind"] = "device", topics = [...this.topics]): Principal {
    const principal = principalOf(name, kind);
    this.principals.set(`token-of-${name}`, principal);
    for (const topic of topics) {
      this.publish.push([principal, topic, "#"]);
      this.subscribe.push([principal, topic, "#"]);
    }
    return principal;
  }

  authenticate(token: string): Principal {
    const principal = this.principals.get(token);
    if (principal === undefined) throw eventError("events.unauthenticated", "the token is not known");
    if (this.revoked.has(principal.did)) throw eventError("events.forbidden", "revoked", { did: principal.did });
    return principal;
  }

  stillValid(principal: Principal): boolean {
    return !this.revoked.has(principal.did);
  }

  resolve(name: string): { topic: string; path: string } | undefined {
    for (let end = name.length; end > 0; end = name.lastIndexOf("/", end - 1)) {
      const topic = name.slice(0, end);
      if (this.topics.has(topic)) return { topic, path: name.slice(end + 1) };
    }
    return undefined;
  }

  mayPublish(principal: Principal, topic: string, path: string): boolean {
    return this.publish.some(([who, where, at]) => who.did === principal.did && where === topic && covers(at, path));
  }

  maySubscribe(principal: Principal, topic: string, filter: string): boolean {
    return this.subscribe.some(
      ([who, where, at]) => who.did === principal.did && where === topic && covers(at, filter),
    );
  }
}

/** Whether a rule covers a path, or all that a filter could match. */
function covers(rule: string, filter: string): boolean {
  if (rule === "#" || rule === filter) return true;
  return !filter.includes("#") && !filter.includes("+") && matchesFilter(rule, filter);
}

/** The code of what a call is refused with. */
export async function codeOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
  } catch (error) {
    return isHansaError(error) ? error.code : `not a HansaError: ${String(error)}`;
  }
  return undefined;
}
