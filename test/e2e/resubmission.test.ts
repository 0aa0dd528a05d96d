import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Clock, encodeBase64Url, systemClock } from "#base";
import { randomBytes } from "#crypto";
import { createLog, type RunningNode, startNode } from "#node";
import { DEFAULT_PARAMETERS, operation, type Receipt, signTransaction } from "#protocol";
import { createClient, getBlock, submitTransaction, transactionStatus } from "#sdk";
import { Alliance, codeOf, PASSPHRASE } from "./member.suite.ts";

const WINDOW = 10;

/** The date is the test's and stands still until it is put forward; timers run as ever. */
class StandingClock implements Clock {
  #date = systemClock.now();
  now = () => this.#date;
  after = systemClock.after;
  advance(ms: number): void {
    this.#date += ms;
  }
}

let alliance: Alliance;
let clock: StandingClock;
let node: RunningNode;

// In this process: nobody moves the clock of another.
beforeEach(async () => {
  alliance = await Alliance.create({ parameters: { ...DEFAULT_PARAMETERS, windowSeconds: WINDOW } });
  clock = new StandingClock();
  await start();
});
afterEach(async () => {
  await node.close();
  await alliance.remove();
});

async function start(): Promise<void> {
  const environment = { HANSA_HTTP_PORT: "0", HANSA_MQTT_PORT: "0", HANSA_SIGNATURE_THREADS: "0" };
  node = await startNode({
    home: alliance.folder,
    passphrase: PASSPHRASE,
    environment,
    clock,
    log: createLog("silent"),
  });
}

async function restart(): Promise<void> {
  await node.close();
  await start();
}

const client = () => createClient({ url: node.url, group: alliance.groupId, retry: { attempts: 1, delay: 1 } });

/** A transaction of acme; the same `jti` and `endpoint` give the same claims. */
function sign(jti: string, endpoint = "https://acme.example/"): string {
  const { did, kid, signer } = alliance.party("acme");
  const exp = Math.floor(clock.now() / 1000) + 8;
  const ops = [operation("identity.setService", { did, service: { id: "home", type: "Web", endpoint } })];
  return signTransaction({ iss: did, aud: alliance.groupId, jti, exp, ops }, [{ kid, signer }]);
}

const newJti = () => encodeBase64Url(randomBytes(16));

/** Time passes and blocks are made: the group's own time moves with its blocks alone. */
async function passWindow(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    clock.advance(WINDOW * 1000);
    await submitTransaction(client(), sign(newJti(), `https://acme.example/${i}`));
  }
}

describe("an identical resubmission", () => {
  it("gets the first receipt, and nothing is executed again", async () => {
    const text = sign(newJti());
    const first = await submitTransaction(client(), text);
    const height = node.groups[0]?.height;
    for (let i = 0; i < 3; i++) expect(await submitTransaction(client(), text)).toEqual(first);
    expect(node.groups[0]?.height).toBe(height);
    expect((await getBlock(client(), first.height)).receipts[first.index]).toEqual(first);
  });

  it("gets one receipt where many arrive at once", async () => {
    const text = sign(newJti());
    const receipts = await Promise.all(Array.from({ length: 20 }, () => submitTransaction(client(), text)));
    expect(new Set(receipts.map((receipt) => `${receipt.height}/${receipt.index}`)).size).toBe(1);
    const { transactions } = await getBlock(client(), (receipts[0] as Receipt).height);
    expect(transactions.filter((other) => other === text)).toHaveLength(1);
  });

  it("gets the first receipt after a restart", async () => {
    const text = sign(newJti());
    const first = await submitTransaction(client(), text);
    await restart();
    expect(await submitTransaction(client(), text)).toEqual(first);
  });

  it("gets the first receipt after its window, when the jti is no longer remembered, and after a restart then", async () => {
    const text = sign(newJti());
    const first = await submitTransaction(client(), text);
    const late = sign(newJti(), "https://late.example/");
    await passWindow();
    for (const again of [false, true]) {
      if (again) await restart();
      const height = node.groups[0]?.height;
      expect(await submitTransaction(client(), text)).toEqual(first);
      expect(await transactionStatus(client(), first.id)).toEqual({ status: "committed", receipt: first });
      // What was not executed in time never is.
      expect(await codeOf(submitTransaction(client(), late))).toBe("transaction.expired");
      expect(node.groups[0]?.height).toBe(height);
    }
  });

  it("gets the first refusal, too: a receipt with an error is final", async () => {
    const { did } = alliance.party("borea");
    const { kid, signer } = alliance.party("acme");
    const ops = [operation("identity.removeService", { did, service: "home" })];
    const exp = Math.floor(clock.now() / 1000) + 8;
    const claims = { iss: alliance.party("acme").did, aud: alliance.groupId, jti: newJti(), exp, ops };
    const text = signTransaction(claims, [{ kid, signer }]);
    const attempt = async () => {
      const response = await fetch(`${node.url}/groups/main/transactions`, {
        method: "POST",
        headers: { "content-type": "application/jwt" },
        body: text,
      });
      return (await response.json()) as Receipt;
    };
    const first = await attempt();
    expect(first.error?.code).toBe("kernel.forbidden");
    expect(await attempt()).toEqual(first);
    await restart();
    expect(await attempt()).toEqual(first);
  });
});

describe("the same jti with other content", () => {
  it("is refused, before a restart and after it, and changes nothing", async () => {
    const jti = newJti();
    await submitTransaction(client(), sign(jti));
    const height = node.groups[0]?.height;
    const other = sign(jti, "https://elsewhere.example/");
    expect(await codeOf(submitTransaction(client(), other))).toBe("transaction.replayed");
    await restart();
    expect(await codeOf(submitTransaction(client(), other))).toBe("transaction.replayed");
    expect(node.groups[0]?.height).toBe(height);
    await passWindow();
    expect(["transaction.expired", "transaction.replayed"]).toContain(await codeOf(submitTransaction(client(), other)));
  });

  it("is refused where both arrive at once: one of them is executed", async () => {
    const jti = newJti();
    const texts = Array.from({ length: 10 }, (_, i) => sign(jti, `https://acme.example/${i}`));
    const codes = await Promise.all(texts.map((text) => codeOf(submitTransaction(client(), text))));
    expect(codes.filter((code) => code === "accepted")).toHaveLength(1);
    expect(codes.filter((code) => code === "transaction.replayed")).toHaveLength(9);
  });

  it("is another transaction where another issuer signed it", async () => {
    const jti = newJti();
    await submitTransaction(client(), sign(jti));
    const { did, kid, signer } = alliance.party("borea");
    const service = { id: "home", type: "Web", endpoint: "https://borea.example/" };
    const ops = [operation("identity.setService", { did, service })];
    const exp = Math.floor(clock.now() / 1000) + 8;
    const text = signTransaction({ iss: did, aud: alliance.groupId, jti, exp, ops }, [{ kid, signer }]);
    expect((await submitTransaction(client(), text)).code).toBe(0);
  });
});
