/** Routes of the exchange. They read messages strictly and hand on; the exchange decides. */
import type { Static, TSchema } from "@sinclair/typebox";
import { decodeUtf8, isHansaError, parseJson } from "#base";
import {
  decodeContent,
  type ExchangeProvider,
  exchangeError,
  receiveRequest,
  type ShownReceipt,
  type SubscriptionFrame,
} from "#exchange";
import { readGrant } from "#ledger";
import {
  type AccessReceipt,
  DatasetDraft,
  DatasetErasure,
  decodeAccessReceipt,
  NonceRequest,
  parseSignedAccessReceipt,
} from "#protocol";
import { accessReceiptProofOf } from "../access-proof.ts";
import { nodeError } from "../errors.ts";
import type { GroupService } from "../group-service.ts";
import { misfitOf } from "./misfit.ts";
import { sendFrames } from "./send-frames.ts";
import type { Call, HttpOptions } from "./server.ts";

/** Nesting of a body: a resource within a request. */
const DEPTH = 4;

export function exchangeHandlers(options: Pick<HttpOptions, "member">) {
  const ours = ({ group, principal }: Call) =>
    principal !== undefined &&
    (principal.did === options.member || group.exchange.some(({ did }) => did === principal.did));

  return {
    exchangeNonce(call: Call) {
      const { provider, ...wanted } = bodyOf(call, NonceRequest);
      const { group } = call;
      // Which members are at this node a closed group tells no stranger: a nonce is good for nothing where they are not.
      const found = group.rights.isClosed() ? providerOrFirst(group, provider) : providerOf(group, provider);
      return found.nonce(wanted);
    },

    exchangeRelease(call: Call) {
      const received = receiveRequest(textOf(call));
      return providerOrFirst(call.group, received.request.aud).release(received);
    },

    async exchangeSubscribe(call: Call) {
      const received = receiveRequest(textOf(call));
      const last = call.headers["last-event-id"];
      const from = typeof last === "string" && /^(0|[1-9]\d{0,14})$/.test(last) ? Number(last) + 1 : undefined;
      const provider = providerOrFirst(call.group, received.request.aud);
      const frames = await provider.subscribe(received, { signal: call.signal(), from });
      await sendFrames(call.reply, encodeFrames(frames));
      return undefined;
    },

    exchangeReceipt(call: Call) {
      const signed = parseSignedAccessReceipt(call.body ?? Buffer.alloc(0));
      return providerOrFirst(call.group, decodeAccessReceipt(signed).receipt.iss).countersign(signed);
    },

    exchangeReceipts(call: Call) {
      const { group, query } = call;
      const grant = String(query["grant"]);
      const record = readGrant(group.ledger.state, grant);
      const provider = group.exchange.find(({ did }) => did === record?.provider);
      if (record === undefined || provider === undefined)
        throw exchangeError("exchange.no-data", "no such grant has a member of this node as its provider", { grant });
      const did = call.principal?.did;
      if (!ours(call) && did !== record.owner && did !== record.grantor && did !== record.recipient)
        throw nodeError("http.forbidden", "the grant is somebody else's");
      return { items: provider.listReceipts({ grant, limit: Number(query["limit"] ?? 100) }) };
    },

    exchangeReceiptProof(call: Call) {
      const { group, query, principal } = call;
      const jti = String(query["receipt"]);
      const found = findReceipt(group, jti);
      // Whoever has no part in it hears the same as of a receipt that is not there.
      if (found === undefined || !(ours(call) || isPartyOf(group, found.claims, principal?.did)))
        throw exchangeError("exchange.unknown-receipt", "there is no such receipt");
      const from = query["from"] === undefined ? undefined : Number(query["from"]);
      return accessReceiptProofOf(group, found.claims, found.provider.proofOf(jti), from);
    },

    exchangeDatasetPut(call: Call) {
      const { provider, content, ...draft } = bodyOf(call, DatasetDraft);
      return providerOf(call.group, provider ?? options.member).putDataset({
        ...draft,
        content: decodeContent(content),
      });
    },

    exchangeDatasets({ group, query }: Call) {
      const provider = providerOf(group, query["provider"] === undefined ? options.member : String(query["provider"]));
      const after = query["after"] === undefined ? undefined : String(query["after"]);
      const limit = Number(query["limit"] ?? 100);
      const items = provider.listDatasets({ after, limit });
      const last = items.at(-1);
      return items.length === limit && last !== undefined ? { items, next: last.dataset } : { items };
    },

    async exchangeDatasetErase(call: Call) {
      const { dataset, provider } = bodyOf(call, DatasetErasure);
      const keeper = providerOf(call.group, provider ?? options.member);
      // Somebody else's dataset and one that is not there are the same to a stranger.
      if (!ours(call) && keeper.ownerOfDataset(dataset) !== call.principal?.did)
        throw exchangeError("exchange.no-data", "the provider keeps no such data of yours");
      await keeper.eraseDataset(dataset);
      return { erased: dataset };
    },
  };
}

function providerOf({ exchange }: GroupService, did: string): ExchangeProvider {
  const provider = exchange.find((candidate) => candidate.did === did);
  if (provider === undefined)
    throw exchangeError("exchange.wrong-provider", "this node does not play for that provider", { provider: did });
  return provider;
}

/** A request for somebody else goes to the first: it refuses it, but only to whom it may say so. */
function providerOrFirst(group: GroupService, did: string): ExchangeProvider {
  const { exchange } = group;
  return exchange.find((candidate) => candidate.did === did) ?? exchange[0] ?? providerOf(group, did);
}

function findReceipt(
  { exchange }: GroupService,
  jti: string,
): { readonly provider: ExchangeProvider; readonly claims: AccessReceipt } | undefined {
  for (const provider of exchange) {
    const shown: ShownReceipt | undefined = provider.receipts.get(jti);
    if (shown !== undefined) return { provider, claims: decodeAccessReceipt(shown.receipt).receipt };
  }
  return undefined;
}

function isPartyOf(group: GroupService, { sub, grants }: AccessReceipt, did: string | undefined): boolean {
  return did === sub || grants.some((grant) => readGrant(group.ledger.state, grant)?.owner === did);
}

function textOf({ body }: Call): string {
  const text = body === undefined ? undefined : decodeUtf8(body);
  if (text === undefined || text === "")
    throw nodeError("http.bad-request", "the body is empty or not UTF-8", { problem: "body" });
  return text;
}

/** A body's JSON, strictly, held against its schema. */
function bodyOf<Schema extends TSchema>({ body }: Call, schema: Schema): Static<Schema> {
  let value: unknown;
  try {
    value = parseJson(body ?? Buffer.alloc(0), { depth: DEPTH, integers: true });
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw exchangeError("exchange.malformed", "the body is not strict JSON", { path: "", problem: error.code }, error);
  }
  const misfit = misfitOf(schema, value);
  if (misfit === undefined) return value as Static<Schema>;
  throw exchangeError("exchange.malformed", `body: ${misfit.path} ${misfit.problem}`, misfit);
}

async function* encodeFrames(frames: AsyncIterable<SubscriptionFrame>): AsyncGenerator<string> {
  for await (const frame of frames) {
    if (frame.kind === "silence") yield ": still here\n\n";
    else if (frame.kind === "receipt") yield `event: receipt\ndata: ${JSON.stringify(frame.receipt)}\n\n`;
    else if (frame.kind === "end") yield `event: end\ndata: ${JSON.stringify({ reason: frame.reason })}\n\n`;
    else {
      const { topic, offset, sealed } = frame;
      yield `id: ${offset}\nevent: event\ndata: ${JSON.stringify({ topic, offset, sealed })}\n\n`;
    }
  }
}
