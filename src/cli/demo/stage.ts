import { HansaError, isHansaError } from "#base";
import { loadProduct, type Product } from "#bridges";
import type { Signer } from "#crypto";
import type { KeyFile } from "#crypto/node";
import type { RunningNode } from "#node";
import { type Did, digestOf, type Operation, type Receipt } from "#protocol";
import { type Client, createClient, createParty, type Party, sendOperations } from "#sdk";
import { ALLIANCE, type CastDevice, FIRMWARE, type MemberName } from "./cast.ts";

/** One line that was checked. */
export interface Check {
  readonly text: string;
  readonly holds: boolean;
}

/** Where steps tell what they do. */
export interface Report {
  say(text: string): void;
  check(text: string, holds: boolean): void;
  /** A command line that does the same by hand. */
  byHand(command: string): void;
}

/** What all steps share: where things are, the keys, and how parties act through the sdk. Of one node, or of a node for each member. */
export interface Stage {
  /** Folder for files that steps write. */
  readonly home: string;
  readonly groupId: string;
  readonly signal: AbortSignal;
  /** Where a platform's devices connect over MQTT. */
  brokerOf(platform: CastDevice["platform"]): string;
  party(name: string): Party;
  /** A client that signs as this party, at its own member's node or that of another. */
  as(name: string, at?: MemberName): Client;
  send(name: string, operations: readonly Operation[], also?: readonly string[]): Promise<Receipt>;
  product(device: CastDevice): Promise<Product>;
  did(device: CastDevice): Did;
}

/** The stage of one node that plays for all members. */
export function createStage(home: string, node: RunningNode, keys: KeyFile, signal: AbortSignal): Stage {
  const [group] = node.groups;
  if (group === undefined) throw new Error("the node serves no group");
  const parties = new Map<string, Party>();
  const party = (name: string): Party => {
    let known = parties.get(name);
    if (known === undefined) {
      known = createParty(ALLIANCE, signerOf(keys, name));
      parties.set(name, known);
    }
    return known;
  };
  const as = (name: string) => createClient({ url: node.url, group: group.id, signer: party(name) });
  return {
    home,
    groupId: group.id,
    signal,
    brokerOf: () => node.mqttUrl,
    party,
    as,
    send: (name, operations, also = []) =>
      sendOperations(as(name), operations, { signers: [name, ...also].map(party) }),
    product: (device) => loadProduct(device.model),
    did: (device) => party(`device/${device.name}`).did,
  };
}

/** A key of the key file, made on first use. */
function signerOf(keys: KeyFile, name: string): Signer {
  if (!keys.list().some((entry) => entry.name === name)) {
    // Devices sign with P-256, as secure elements do.
    const algorithm = name.startsWith("device/") ? "P-256" : "Ed25519";
    keys.generate(name, algorithm);
  }
  return keys.signer(name);
}

/** The code with which an action was refused, or what it came to instead. */
export async function refusalOf(
  action: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await action;
    return { code: "accepted", message: "it was accepted" };
  } catch (error) {
    if (error instanceof HansaError) return { code: error.code, message: error.message };
    throw error;
  }
}

/** A record of a query, `undefined` where the ledger has none. */
export async function found<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isHansaError(error, "query.not-found")) return undefined;
    throw error;
  }
}

/** Asks again until it holds, at most `ms` long. */
export async function until(
  ms: number,
  signal: AbortSignal,
  holds: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const end = Date.now() + ms;
  while (!signal.aborted) {
    if (await holds()) return true;
    if (Date.now() > end) return false;
    await pause(50, signal);
  }
  return false;
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** Digest that stands for a firmware image of a model. */
export function firmwareDigest(modelId: string): string {
  return digestOf({ image: modelId, version: FIRMWARE });
}
