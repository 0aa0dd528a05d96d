import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, isHansaError } from "#base";
import { decodeAccessReceipt } from "#protocol";
import {
  countersignReceipt,
  getAccessReceipt,
  openRelease,
  putDataset,
  requestRelease,
  verifyAccessReceipt,
} from "#sdk";
import { createIdentity } from "./devices.suite.ts";
import { asked, BILLING, give, revoke } from "./exchange.suite.ts";
import { Alliance, until } from "./member.suite.ts";

let alliance: Alliance;

beforeAll(async () => {
  alliance = await Alliance.create();
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await createIdentity(alliance, "alice");
});
afterAll(() => alliance.remove());

const codeOf = (action: Promise<unknown>): Promise<string> =>
  action.then(
    () => "done",
    (error: unknown) => (isHansaError(error) ? error.code : String(error)),
  );

async function keep(dataset: string, text = "230 kWh", owner = "alice"): Promise<void> {
  const content = encodeUtf8(text);
  await putDataset(alliance.as("acme"), {
    owner: alliance.party(owner).did,
    dataset,
    mediaType: "text/plain",
    content,
  });
}

/** The file of a receipt, once its batch is anchored. */
async function proofOf(jti: string) {
  const client = alliance.as("acme");
  await until(async () => (await codeOf(getAccessReceipt(client, { receipt: jti }))) !== "exchange.not-anchored");
  return getAccessReceipt(client, { receipt: jti });
}

describe("a dataset", () => {
  it("is released to the recipient alone, and both sides' receipt is verified offline once it is anchored", async () => {
    await keep("meters/july");
    const terms = await give(alliance, { kind: "dataset", dataset: "meters/july" }, { count: 2 });
    const borea = alliance.as("borea");
    const release = await requestRelease(borea, asked(alliance, terms));
    const opened = await openRelease(borea, release);
    expect(decodeUtf8(opened.dataset?.content as Uint8Array)).toBe("230 kWh");
    const signed = await countersignReceipt(borea, opened.receipt);
    const { receipt } = decodeAccessReceipt(signed);
    const file = await proofOf(receipt.jti);
    const verified = verifyAccessReceipt(JSON.stringify(file), { trust: alliance.groupId });
    expect(verified).toMatchObject({
      provider: "verified",
      recipient: "verified",
      receipt: { purpose: BILLING, sub: alliance.party("borea").did },
      resource: { kind: "dataset", dataset: "meters/july" },
      grants: [{ grant: terms.grant, used: 1, owner: alliance.party("alice").did }],
    });
  });

  it("is refused from the block on that revokes the grant", async () => {
    await keep("meters/may");
    const terms = await give(alliance, { kind: "dataset", dataset: "meters/may" });
    const borea = alliance.as("borea");
    await requestRelease(borea, asked(alliance, terms));
    await revoke(alliance, terms);
    expect(await codeOf(requestRelease(borea, asked(alliance, terms)))).toBe("exchange.grant");
  });
});
