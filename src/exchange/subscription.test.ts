import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeBase64Url, encodeUtf8, ManualClock } from "#base";
import { createSigner, randomBytes } from "#crypto";
import { type AccessReceipt, createGrantId, type GrantRecord, type ReleaseRequest, signAccessReceipt } from "#protocol";
import { type OpenLogs, openLogs, principalOf, temporaryFolder } from "../events/log/logs.suite.ts";
import type { ExchangeLedger } from "./needs.ts";
import { sealerTo } from "./seal.ts";
import { type SubscriptionFrame, Subscriptions, type SubscriptionsOptions } from "./subscription.ts";

const OWNER = principalOf("owner", "member");
const PROVIDER = principalOf("provider", "member").did;
const TOPIC = "north/things";
const START = 1_800_000_000_000;
const signer = createSigner("Ed25519");
const epk = { kty: "OKP", crv: "X25519", x: `CQ${"A".repeat(41)}` } as const;

let folder: ReturnType<typeof temporaryFolder>;
let opened: OpenLogs;
let clock: ManualClock;
/** Keys that may act no more. */
let gone: Set<string>;

beforeEach(() => {
  folder = temporaryFolder();
  clock = new ManualClock(START);
  opened = openLogs(folder.path, { clock });
  gone = new Set();
});
afterEach(() => {
  opened.close();
  folder.remove();
});

const ledger: ExchangeLedger = {
  group: "hanse:main:x",
  grant: (grant) => {
    const link = {
      grant,
      owner: OWNER.did,
      provider: PROVIDER,
      from: 0,
      until: START + 1_000_000,
      count: null,
      used: 0,
    };
    return { chain: [{ ...link, recipient: grant.slice(22) } as unknown as GrantRecord] };
  },
  keyOf: (kid) => (gone.has(kid) ? undefined : { algorithm: "Ed25519", bytes: signer.publicKey }),
  ownerAt: () => undefined,
  isDevice: () => false,
  operatorOf: () => PROVIDER,
  blockTime: () => START,
};

function subscriptions(limits: Partial<SubscriptionsOptions> = {}): Subscriptions {
  return new Subscriptions({ logs: opened.logs, ledger, clock, provider: PROVIDER, ...limits });
}

/** A request of a recipient's for all that the owner publishes in the topic. */
function wantedBy(name: string) {
  const { did } = principalOf(name);
  const digest = encodeBase64Url(randomBytes(32));
  // The ledger of this test knows a grant's recipient by the grant's id.
  const request = { iss: did, terms: [{ grant: createGrantId() + did }] } as unknown as ReleaseRequest;
  const resource = { kind: "topic", topic: TOPIC } as const;
  return { request, kid: `${did}#key`, digest, resource, owner: OWNER.did, sealer: sealerTo(epk) };
}

const receipt = signAccessReceipt(
  {
    jti: encodeBase64Url(randomBytes(16)),
    iss: PROVIDER,
    sub: PROVIDER,
    group: "hanse:main:x",
    grants: [createGrantId()],
    purpose: "https://w3id.org/dpv#PaymentManagement",
    action: "subscribe",
    jurisdiction: "DE",
    resource: "A".repeat(43),
    request: "A".repeat(43),
    iat: START / 1000,
  } satisfies AccessReceipt,
  `${PROVIDER}#${PROVIDER.split(":").at(-1)}`,
  signer,
);

const say = (data: string) => {
  const draft = opened.maker.make({ principal: OWNER, path: "meter", payload: encodeUtf8(JSON.stringify(data)) });
  return opened.logs.append(TOPIC, draft);
};

describe("a live subscription", () => {
  it("ends before the next event once the recipient's key may no longer act, though the grant stands", async () => {
    const all = subscriptions();
    const wanted = wantedBy("borea");
    const frames = all.prepare(wanted).open(receipt, { signal: new AbortController().signal });
    const kinds: SubscriptionFrame["kind"][] = [];
    const next = async () => {
      const { value } = await frames.next();
      if (value !== undefined) kinds.push(value.kind);
      return value;
    };
    await next();
    await say("one");
    await next();
    gone.add(wanted.kid);
    await say("two");
    expect(await next()).toEqual({ kind: "end", reason: "exchange.signature" });
    expect(kinds).toEqual(["receipt", "event", "end"]);
  });

  it("is refused where one recipient has as many as it may, before others are, and its place is given back", () => {
    const all = subscriptions({ most: 3, mostOfOne: 2 });
    const refusal = expect.objectContaining({ code: "exchange.busy" });
    // All at once: none of them is open yet.
    const [first] = [all.prepare(wantedBy("borea")), all.prepare(wantedBy("borea"))];
    expect(() => all.prepare(wantedBy("borea"))).toThrow(refusal);
    const again = wantedBy("castor");
    all.prepare(again);
    expect(() => all.prepare(wantedBy("delphi"))).toThrow(refusal);
    // The same request takes its own place.
    all.prepare(again).leave();
    expect(() => all.prepare(wantedBy("delphi"))).toThrow(refusal);
    first?.leave();
    all.prepare(wantedBy("delphi"));
  });

  it("gives its place back when it ends", async () => {
    const all = subscriptions({ most: 1 });
    const stop = new AbortController();
    const frames = all.prepare(wantedBy("borea")).open(receipt, { signal: stop.signal });
    await frames.next();
    expect(() => all.prepare(wantedBy("castor"))).toThrow(expect.objectContaining({ code: "exchange.busy" }));
    stop.abort();
    expect(await frames.next()).toEqual({ done: true, value: undefined });
    all.prepare(wantedBy("castor"));
  });
});
