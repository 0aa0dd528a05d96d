/** What members may do, and what the group takes away from them, holds at every member's node from the next block on. */
import { readFileSync } from "node:fs";
import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeBase64Url } from "#base";
import { createSigner, encodeMultikey, randomBytes } from "#crypto";
import {
  decodeTransaction,
  fingerprintOf,
  type NodeRecord,
  type Operation,
  operation,
  type Parameters,
  type ProposalRecord,
  signTransaction,
} from "#protocol";
import {
  createConnectionToken,
  getBlocks,
  getTrail,
  getTrailProof,
  type Party,
  publishEvent,
  query,
  sendOperations,
  submitTransaction,
  transactionStatus,
  verifyProofFile,
} from "#sdk";
import {
  admit,
  agree,
  connect,
  connectAppliance,
  contractOf,
  createIdentity,
  furnish,
  gone,
  report,
} from "../devices.suite.ts";
import { codeOf } from "../member.suite.ts";
import { ENGINE, WITHOUT_ENGINE } from "../network/engine.suite.ts";
import { eventually, Members, SECONDS } from "./members.suite.ts";

const LONG = 180 * SECONDS;
const ALL = ["acme", "borea", "castor", "delphi"] as const;
const OTHERS = ["acme", "castor", "delphi"] as const;
/** How long proposals may be approved, seconds: the least there is. */
const PROPOSAL_SECONDS = 60;

let members: Members;
/** Opened first, and left alone until its time is over. */
let forgotten: number;
const open: MqttClient[] = [];

describe.skipIf(ENGINE === undefined)(`rights${WITHOUT_ENGINE}`, { shuffle: false }, () => {
  beforeAll(async () => {
    members = await Members.found({ parameters: { reads: "parties", proposalSeconds: PROPOSAL_SECONDS } });
    await members.up();
    forgotten = await propose("delphi", "borea");
    await furnish(members.place("acme"));
  }, LONG);
  afterAll(async () => {
    for (const client of open) client.end(true);
    await members?.remove();
  }, LONG);

  it("18: denies by default, at every node alike", { timeout: LONG }, async () => {
    const topic = operation("topics.open", { topic: "stranger/things", publish: [], subscribe: [] });
    const change = { kind: "suspend" as const, member: members.party("borea").did };
    for (const at of ALL) {
      expect(await codeOf(getBlocks(members.as("stranger", { at }), {}))).toBe("http.unauthenticated");
      expect(await codeOf(send("stranger", at, topic))).toBe("transaction.signature");
      // The household is a party, and no member.
      expect(await codeOf(getBlocks(members.as("owner", { at }), {}))).toBe("accepted");
      expect(await codeOf(send("owner", at, topic))).toBe("kernel.forbidden");
      expect(await codeOf(send("owner", at, operation("members.propose", { change })))).toBe("kernel.forbidden");
    }
    // No member alone changes another's DID, either.
    const service = { id: "home", type: "Web", endpoint: "https://evil.example/" };
    const foreign = operation("identity.setService", { did: members.party("borea").did, service });
    expect(await codeOf(send("acme", "castor", foreign))).toBe("kernel.forbidden");
  });

  it("18: changes the rules by vote alone, each member at its own node, for everybody to read afterwards", {
    timeout: LONG,
  }, async () => {
    const before = await parametersAt("acme");
    const change = { kind: "parameters" as const, parameters: { ...before, windowSeconds: 77 } };
    const proposed = await members.send("acme", [operation("members.propose", { change })]);
    const proposal = Number(proposed.facts[0]?.data["proposal"]);
    await members.send("castor", [operation("members.reject", { proposal })]);
    await members.send("borea", [operation("members.approve", { proposal })]);
    // Two of four are not two thirds.
    for (const at of ALL) expect((await parametersAt(at)).windowSeconds).toBe(before.windowSeconds);
    const settled = await members.send("delphi", [operation("members.approve", { proposal })]);
    expect(settled.facts.map(({ fact }) => fact)).toContain("members.changed");
    for (const at of ALL) expect((await parametersAt(at)).windowSeconds).toBe(77);
    expect(await codeOf(members.send("castor", [operation("members.approve", { proposal })]))).toBe(
      "members.proposal-closed",
    );
    const { items } = await getTrail(members.as("castor"), { about: `proposal/${proposal}` });
    expect(items.map(({ signers, facts }) => [signers[0], facts[0]?.fact])).toEqual([
      [members.party("acme").did, "members.proposed"],
      [members.party("castor").did, "members.rejected"],
      [members.party("borea").did, "members.approved"],
      [members.party("delphi").did, "members.approved"],
    ]);
  });

  it("19: a key that was rotated or removed, and a DID that was deactivated, count for nothing from the next block on", {
    timeout: LONG,
  }, async () => {
    await createIdentity(members.place("acme"), "subject");
    const { did, kid, signer } = members.party("subject");
    const next = partyOf(did);
    const key = fingerprintOf({ algorithm: signer.algorithm, bytes: signer.publicKey });
    // Rotated at one node …
    await members.send("subject", [operation("identity.rotateKey", { did, key, publicKey: next.publicKey })], [], {
      at: "castor",
    });
    for (const at of ALL) {
      // … and the old key is nobody's at all of them, for writing and for reading.
      expect(await codeOf(send({ did, kid, signer }, at, serviceOf(did)))).toBe("transaction.signature");
      expect(await codeOf(getBlocks(members.as("subject", { at }), {}))).toBe("http.unauthenticated");
      expect(await codeOf(send(next.party, at, serviceOf(did)))).toBe("accepted");
      expect(await codeOf(getBlocks(members.as("subject", { at, signer: next.party }), {}))).toBe("accepted");
    }
    const second = partyOf(did);
    const relationships = ["authentication" as const];
    await settle(
      send(next.party, "borea", operation("identity.addKey", { did, publicKey: second.publicKey, relationships })),
    );
    for (const at of ALL)
      expect(await codeOf(getBlocks(members.as("subject", { at, signer: second.party }), {}))).toBe("accepted");
    await settle(send(next.party, "delphi", operation("identity.removeKey", { did, key: second.fingerprint })));
    for (const at of ALL) {
      expect(await codeOf(send(second.party, at, serviceOf(did)))).toBe("transaction.signature");
      expect(await codeOf(getBlocks(members.as("subject", { at, signer: second.party }), {}))).toBe(
        "http.unauthenticated",
      );
    }
    await settle(send(next.party, "acme", operation("identity.deactivate", { did })));
    for (const at of ALL) {
      expect(await codeOf(send(next.party, at, serviceOf(did)))).toBe("transaction.signature");
      expect(await codeOf(getBlocks(members.as("subject", { at, signer: next.party }), {}))).toBe(
        "http.unauthenticated",
      );
    }
  });

  it("15: a duplicate at another member's node gets the first receipt, and nothing is executed again", {
    timeout: LONG,
  }, async () => {
    const text = sign("acme", serviceOf(members.party("acme").did));
    const first = await submitTransaction(members.as("acme"), text);
    await members.reached(first.height);
    const heights = await Promise.all(ALL.map((name) => members.height(name)));
    for (const at of ALL) expect(await submitTransaction(members.as("acme", { at }), text)).toEqual(first);
    expect(await Promise.all(ALL.map((name) => members.height(name)))).toEqual(heights);
    // All at once, before anybody has it: one of them is executed.
    const racing = sign("acme", serviceOf(members.party("acme").did));
    const receipts = await Promise.all(ALL.map((at) => submitTransaction(members.as("acme", { at }), racing)));
    expect(new Set(receipts.map(({ height, index }) => `${height}/${index}`)).size).toBe(1);
    // A refusal is final, too.
    const refused = sign("acme", serviceOf(members.party("borea").did));
    for (const at of ALL)
      expect(await codeOf(submitTransaction(members.as("acme", { at }), refused))).toBe("kernel.forbidden");
  });

  it("16: a transaction is unknown, pending, committed, and never goes back, whoever is asked and whoever was killed", {
    timeout: LONG,
  }, async () => {
    const texts = Array.from({ length: 30 }, () => sign("castor", serviceOf(members.party("castor").did)));
    const ids = texts.map((text) => decodeTransaction(text).idText);
    const statusOf = async (at: string, id: string) =>
      (await transactionStatus(members.as("castor", { at }), id)).status;
    for (const at of ALL) expect(await statusOf(at, ids[0] as string)).toBe("unknown");
    const rank = ["unknown", "pending", "committed"];
    const seen = new Map<string, number>();
    const backwards: string[] = [];
    const look = async (names: readonly string[]) => {
      for (const at of names)
        for (const id of ids) {
          const now = rank.indexOf(await statusOf(at, id));
          const before = seen.get(`${at} ${id}`) ?? 0;
          if (now < before) backwards.push(`${id} at ${at}: ${rank[before]}, then ${rank[now]}`);
          seen.set(`${at} ${id}`, now);
        }
    };
    const outcomes = Promise.allSettled(texts.map((text) => submitTransaction(members.as("castor"), text)));
    await look(OTHERS);
    await outcomes;
    await look(ALL);
    await members.kill("castor");
    await look(["acme", "borea", "delphi"]);
    await members.up("castor");
    await members.agreed();
    // What one node told as committed all of them do, the one that was killed as well.
    await look(ALL);
    expect(backwards).toEqual([]);
    for (const at of ALL) for (const id of ids) expect(await statusOf(at, id)).toBe("committed");
    // Sent once more, each gets its first receipt: also where the answer was lost with the node.
    const again = await Promise.all(
      texts.map((text) => submitTransaction(members.as("castor", { at: "borea" }), text)),
    );
    expect(again.map(({ id }) => id)).toEqual(ids);
  });

  it("16: what is pending while there is no quorum is committed once there is, though the node that took it was killed", {
    timeout: LONG,
  }, async () => {
    const text = sign("castor", serviceOf(members.party("castor").did));
    const { idText } = decodeTransaction(text);
    const statusAt = async (at: string) => (await transactionStatus(members.as("castor", { at }), idText)).status;
    for (const name of ["borea", "delphi"]) members.node(name).kill("SIGSTOP");
    try {
      const taken = await fetch(`${members.home("castor").url}/groups/${members.groupId}/transactions?wait=0`, {
        method: "POST",
        headers: { "content-type": "application/jwt" },
        body: text,
      });
      expect([taken.status, await taken.json()]).toEqual([202, { status: "pending" }]);
      await eventually("the transaction's way to acme", async () => {
        // Nobody decides a block without two of four.
        expect(await statusAt("castor")).toBe("pending");
        expect(await statusAt("acme")).toBe("unknown");
        return ((await members.look("acme"))[0]?.consensus?.pool ?? 0) > 0;
      });
      await members.kill("castor");
    } finally {
      for (const name of ["borea", "delphi"]) members.node(name).kill("SIGCONT");
    }
    for (const at of ["acme", "borea", "delphi"])
      await eventually(`the transaction in ${at}'s ledger`, async () => (await statusAt(at)) === "committed");
    await members.up("castor");
    await members.agreed();
    for (const at of ALL) expect(await statusAt(at)).toBe("committed");
    const receipts = await Promise.all(ALL.map((at) => submitTransaction(members.as("castor", { at }), text)));
    expect(new Set(receipts.map(({ height, index }) => `${height}/${index}`)).size).toBe(1);
  });

  it("a device of one member sets off a device of another: the command goes from node to node, its receipt is anchored", {
    timeout: LONG,
  }, async () => {
    const [acme, borea] = [members.place("acme"), members.place("borea")];
    await admit(acme, "acme", "device/sensor");
    await admit(borea, "borea", "device/fan");
    const sensor = await connect(acme, "device/sensor");
    const fan = await connectAppliance(borea, "device/fan");
    open.push(sensor, fan.client);
    const target = members.party("device/fan").did;
    const linkage = await agree(
      acme,
      contractOf(acme, {
        trigger: { device: members.party("device/sensor").did, property: "temperature", when: { above: "26" } },
        actions: [{ device: target, set: "state", value: true }],
      }),
    );
    await report(acme, sensor, "acme", "device/sensor", "temperature", 20);
    await report(acme, sensor, "acme", "device/sensor", "temperature", 27);
    await eventually("the fan's command", () => fan.commands.length > 0);
    expect(fan.commands).toMatchObject([{ set: "state", value: true, hops: 1 }]);
    for (const at of ALL)
      await eventually(
        `the anchored receipt at ${at}`,
        async () => (await query(members.as("delphi", { at }), "linkages.get", { linkage })).done === 1,
      );
    // Borea's node, which executed it, shows command and receipt; nobody needs to be believed.
    const proof = await getTrailProof(members.as("delphi", { at: "borea" }), { about: target });
    const { commands } = verifyProofFile(proof, { trust: members.groupId });
    expect(commands).toMatchObject([
      {
        command: { linkage, sub: target, iss: members.party("acme").did },
        receipt: { outcome: "done", iss: members.party("borea").did },
        commandSignature: "verified",
        receiptSignature: "verified",
      },
    ]);
  });

  it("2: a suspended member's node and clients are cut off everywhere, open connections too, and let in again when it is reinstated", {
    timeout: LONG,
  }, async () => {
    const { did } = members.party("borea");
    const node = members.home("borea").node;
    for (const name of ["acme", "castor"])
      await members.send(name, [
        operation("topics.open", {
          topic: `${name}/news`,
          publish: [{ who: { did: members.party(name).did } }],
          subscribe: [{ who: { did } }],
        }),
      ]);
    const streams = await Promise.all(["acme", "castor"].map((at) => live("borea", at, `${at}/news`)));
    const sessions = await Promise.all(
      ["acme", "castor"].map((at) => connect(members.place(at), "borea", { clientId: `borea-${at}` })),
    );
    const device = await connect(members.place("borea"), "device/fan", { clientId: "fan-again" });
    open.push(...sessions, device);
    for (const name of ["acme", "castor"])
      await publishEvent(members.as(name), { topic: `${name}/news`, path: "today", data: { n: 1 } });
    expect(await Promise.all(streams.map((stream) => stream.first))).toEqual([
      expect.stringContaining('"n":1'),
      expect.stringContaining('"n":1'),
    ]);
    // Nodes that were killed before may still be looking for one another.
    for (const name of OTHERS)
      await eventually(`${name} with borea's node`, async () => (await peersOf(name)).includes(node));

    members.cutOff.add("borea");
    const { height } = await members.vote({ kind: "suspend", member: did }, OTHERS);
    // Streams and sessions end without anybody asking again.
    await Promise.all(streams.map((stream) => stream.ended));
    await Promise.all(sessions.map(gone));
    for (const name of OTHERS)
      await eventually(`${name} without borea's node`, async () => !(await peersOf(name)).includes(node), 20);
    for (const at of OTHERS) {
      expect(await codeOf(getBlocks(members.as("borea", { at }), {}))).toBe("http.unauthenticated");
      await expect(connect(members.place(at), "borea", { clientId: `borea-late-${at}` })).rejects.toThrow();
      expect(await codeOf(send("borea", at, serviceOf(did)))).toBe("kernel.forbidden");
      expect((await live("borea", at, `${at}/news`).catch(String)).toString()).toMatch(/40[13]/);
    }
    // The others go on; borea's node, which still runs, hears nothing of it.
    for (let i = 0; i < 3; i++) await members.beat("castor");
    await members.agreed(height + 3);
    expect(await members.height("borea").catch(() => 0)).toBeLessThanOrEqual(height);
    expect(await peersOf("borea").catch(() => [])).toEqual([]);

    // A node of the others that starts anew lets nobody in whom the ledger had put out.
    await members.stop("delphi");
    const { logFile } = members.node("delphi");
    const before = readFileSync(logFile, "utf8").length;
    await members.up("delphi");
    await members.agreed();
    await eventually("borea's node turned away by delphi's", () =>
      readFileSync(logFile, "utf8").slice(before).includes(`node ${node}: not-admitted`),
    );
    expect(await peersOf("delphi")).not.toContain(node);

    const { height: back } = await members.vote({ kind: "reinstate", member: did }, OTHERS);
    await members.reached(back, ["borea"]);
    members.cutOff.delete("borea");
    await members.agreed(back);
    for (const name of OTHERS)
      await eventually(`${name} with borea's node`, async () => (await peersOf(name)).includes(node));
    for (const at of OTHERS) expect(await codeOf(getBlocks(members.as("borea", { at }), {}))).toBe("accepted");
    open.push(await connect(members.place("acme"), "borea", { clientId: "borea-back" }));
    expect((await live("borea", "castor", "castor/news")).status).toBe(200);
    expect(await codeOf(members.send("borea", [serviceOf(did)]))).toBe("accepted");
    // Its vote it asks for anew: once its node has said that it has caught up.
    await eventually("borea's word that it has caught up", async () => {
      const { ready } = (await query(members.as("acme"), "nodes.get", { node })) as NodeRecord;
      return ready !== null;
    });
    await members.vote({ kind: "addValidator", node, power: 1 }, OTHERS);
    await eventually("borea's vote", async () => (await members.look("borea"))[0]?.consensus?.validator === true);
  });

  it("18: a proposal whose time is over is decided by nobody", { timeout: LONG }, async () => {
    // Its time is that of the blocks.
    await eventually("the proposal's end", async () => {
      await members.beat();
      return (await proposalAt("acme")).status === "expired";
    });
    for (const at of ALL) expect((await proposalAt(at)).status).toBe("expired");
    expect(await codeOf(members.send("acme", [operation("members.approve", { proposal: forgotten })]))).toBe(
      "members.proposal-expired",
    );
    expect(await query(members.as("delphi"), "members.get", { member: members.party("borea").did })).toMatchObject({
      roles: ["platform"],
    });
  });
});

async function propose(by: string, about: string): Promise<number> {
  const change = { kind: "roles" as const, member: members.party(about).did, roles: ["regulator" as const] };
  const { facts } = await members.send(by, [operation("members.propose", { change })]);
  return Number(facts[0]?.data["proposal"]);
}

function parametersAt(at: string): Promise<Parameters> {
  return query(members.as("acme", { at }), "members.parameters", {}) as Promise<Parameters>;
}

function proposalAt(at: string): Promise<ProposalRecord | { readonly status: string }> {
  return query(members.as("acme", { at }), "members.proposal", { proposal: forgotten });
}

async function peersOf(name: string): Promise<readonly string[]> {
  const [view] = await members.look(name);
  return view?.consensus?.peers ?? [];
}

/** Something harmless that only the DID itself may do. */
function serviceOf(did: string): Operation {
  const endpoint = `https://home.example/${encodeBase64Url(randomBytes(6))}`;
  return operation("identity.setService", { did, service: { id: "home", type: "Web", endpoint } });
}

/** Sends at a member's node, and waits for nobody else. */
function send(who: string | Party, at: string, ...operations: readonly Operation[]) {
  const signer = typeof who === "string" ? members.party(who) : who;
  return sendOperations(members.as("acme", { at, signer }), operations);
}

async function settle(sent: ReturnType<typeof send>): Promise<void> {
  await members.reached((await sent).height);
}

function sign(name: string, ...ops: readonly Operation[]): string {
  const { did, kid, signer } = members.party(name);
  const exp = Math.floor(Date.now() / 1000) + 60;
  const jti = encodeBase64Url(randomBytes(16));
  return signTransaction({ iss: did, aud: members.groupId, jti, exp, ops }, [{ kid, signer }]);
}

/** A further key of a DID. */
function partyOf(did: string): { readonly party: Party; readonly publicKey: string; readonly fingerprint: string } {
  const signer = createSigner("Ed25519");
  const key = { algorithm: signer.algorithm, bytes: signer.publicKey };
  const fingerprint = fingerprintOf(key);
  return { party: { did, kid: `${did}#${fingerprint}`, signer }, publicKey: encodeMultikey(key), fingerprint };
}

/** Live events as they come over HTTP, without the sdk, which would connect again. */
async function live(name: string, at: string, topic: string) {
  const client = members.as(name, { at });
  const token = await createConnectionToken(client);
  const url = `${client.url}/groups/${members.groupId}/events/live?topic=${encodeURIComponent(topic)}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  if (response.status !== 200 || response.body === null) throw new Error(`${response.status}`);
  const decoder = new TextDecoder();
  let heard!: (text: string) => void;
  const first = new Promise<string>((resolve) => {
    heard = resolve;
  });
  const ended = (async () => {
    let text = "";
    try {
      for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(part, { stream: true });
        if (text.includes("data:")) heard(text);
      }
    } catch {
      // Cut, not ended: that is what is waited for.
    }
  })();
  return { status: response.status, first, ended };
}
