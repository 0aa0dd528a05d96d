import { afterEach, describe, expect, it } from "vitest";
import { createSigner } from "#crypto";
import { decodeTransaction, operation, type Receipt } from "#protocol";
import { createParty, sendOperations, signOperations, submitTransaction, transactionStatus } from "#sdk";
import { type Answer, GROUP, json, PARTY, problem, serve } from "../../server.suite.ts";

type Served = Awaited<ReturnType<typeof serve>>;
const open: Served[] = [];

async function serving(answer: Answer): Promise<Served> {
  const served = await serve(answer);
  open.push(served);
  return served;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

const close = operation("topics.close", { topic: "acme" });
const receiptOf = (text: string, more: Partial<Receipt> = {}): Receipt => ({
  id: decodeTransaction(text).idText,
  height: 4,
  index: 0,
  code: 0,
  facts: [],
  ...more,
});

describe("submitTransaction", () => {
  it("answers the receipt", async () => {
    const { client, arrived } = await serving((one, response) => json(response, receiptOf(one.body)));
    const receipt = await sendOperations(client(), [close]);
    const claims = decodeTransaction(arrived[0]?.body ?? "").claims;
    expect(receipt.height).toBe(4);
    expect(claims).toMatchObject({ iss: PARTY.did, aud: GROUP, ops: [close] });
    expect(arrived[0]).toMatchObject({ method: "POST", path: `/groups/${GROUP}/transactions` });
    expect(arrived[0]?.headers["content-type"]).toBe("application/jwt");
  });

  it("sends the identical text again after a broken connection and after busy", async () => {
    let tries = 0;
    const { client, arrived } = await serving((one, response, request) => {
      tries++;
      if (tries === 1) request.socket.destroy();
      else if (tries === 2) problem(response, 503, "engine.busy");
      else json(response, receiptOf(one.body));
    });
    await sendOperations(client(), [close]);
    expect(arrived).toHaveLength(3);
    expect(new Set(arrived.map(({ body }) => body)).size).toBe(1);
  });

  it("finds the receipt of a transaction that was executed and ran out before the second try", async () => {
    let first: Receipt | undefined;
    const { client } = await serving((one, response, request) => {
      if (one.method === "GET") json(response, { status: "committed", receipt: first });
      else if (first !== undefined) problem(response, 400, "transaction.expired");
      else {
        first = receiptOf(one.body);
        request.socket.destroy();
      }
    });
    expect(await sendOperations(client(), [close])).toEqual(first);
  });

  it("gives up after its attempts with the last error", async () => {
    const { client, arrived } = await serving((_, __, request) => request.socket.destroy());
    await expect(sendOperations(client(), [close])).rejects.toMatchObject({ code: "sdk.unreachable" });
    expect(arrived).toHaveLength(3);
  });

  it("does not repeat what the node refused", async () => {
    const { client, arrived } = await serving((_, response) => problem(response, 400, "transaction.expired"));
    await expect(sendOperations(client(), [close])).rejects.toMatchObject({ code: "transaction.expired" });
    expect(arrived).toHaveLength(1);
  });

  it("throws the error of a receipt that is not a success, with its place", async () => {
    const { client } = await serving((one, response) =>
      json(
        response,
        receiptOf(one.body, {
          code: 20,
          error: { code: "kernel.forbidden", message: "not yours", payload: { needs: "operator" }, operation: 0 },
        }),
      ),
    );
    await expect(sendOperations(client(), [close])).rejects.toMatchObject({
      code: "kernel.forbidden",
      message: "not yours",
      payload: { needs: "operator", height: 4, index: 0, number: 20, operation: 0 },
    });
  });

  it("sends several signers' transaction in general serialisation, the first being the issuer", async () => {
    const other = createParty("hanse", createSigner("P-256"));
    const { client, arrived } = await serving((one, response) => json(response, receiptOf(one.body)));
    await sendOperations(client(), [close], { signers: [other, PARTY] });
    const { claims, signatures } = decodeTransaction(arrived[0]?.body ?? "");
    expect(claims.iss).toBe(other.did);
    expect(signatures.map(({ did }) => did)).toEqual([other.did, PARTY.did]);
    expect(arrived[0]?.headers["content-type"]).toBe("application/jose+json");
  });

  it("signs nothing without a signer", async () => {
    const { client, arrived } = await serving((_, response) => json(response, {}));
    await expect(sendOperations(client({ signer: undefined }), [close])).rejects.toMatchObject({
      code: "sdk.no-signer",
    });
    expect(arrived).toHaveLength(0);
  });

  it("hands out a signed text that another submits", async () => {
    const { client, arrived } = await serving((one, response) =>
      json(response, one.method === "GET" ? { status: "pending" } : receiptOf(one.body)),
    );
    const text = await signOperations(client({ now: () => 1_000_000 }), [close], { seconds: 90 });
    expect(decodeTransaction(text).claims.exp).toBe(1090);
    const { id } = await submitTransaction(client({ signer: undefined }), text);
    expect(await transactionStatus(client(), id)).toEqual({ status: "pending" });
    expect(arrived[1]?.path).toBe(`/groups/${GROUP}/transactions/${id}`);
  });
});
