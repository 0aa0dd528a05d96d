/** Several transactions in one request, at a node that runs. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { operation, prepareClaims, signTransaction } from "#protocol";
import { submitBatch } from "#sdk";
import { Alliance, codeOf } from "./member.suite.ts";

let alliance: Alliance;
beforeAll(async () => {
  alliance = await Alliance.create();
  await alliance.up();
});
afterAll(() => alliance.remove());

function sign(id: string): string {
  const acme = alliance.party("acme");
  const service = { id, type: "Test", endpoint: "https://a.example/" };
  const ops = [operation("identity.setService", { did: acme.did, service })];
  return signTransaction(prepareClaims(acme.did, alliance.groupId, ops, Date.now()), [acme]);
}

it("gives each transaction of a batch its own receipt or refusal, in their order", async () => {
  const [first, second] = [sign("one"), sign("two")];
  const forged = `${sign("three").slice(0, -6)}AAAAAA`;
  const items = await submitBatch(alliance.as("acme"), [first, forged, second, "nonsense"]);
  const outcomes = items.map((item) => ("receipt" in item ? item.receipt.code : item.problem.code));
  expect(outcomes).toEqual([0, "transaction.signature", 0, "transaction.malformed"]);
  const again = await submitBatch(alliance.as("acme"), [second]);
  expect(again).toEqual([items[2]]);
});

it("refuses a batch without transactions, and one with too many", async () => {
  const client = alliance.as("acme");
  expect(await codeOf(submitBatch(client, []))).toBe("http.bad-request");
  expect(
    await codeOf(
      submitBatch(
        client,
        Array.from({ length: 501 }, () => "x"),
      ),
    ),
  ).toBe("http.bad-request");
});
