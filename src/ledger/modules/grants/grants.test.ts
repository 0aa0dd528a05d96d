import { describe, expect, it } from "vitest";
import {
  createGrantId,
  digestTerms,
  type GrantRecord,
  type GrantTerms,
  type GrantView,
  makeTerms,
  type OperationArgs,
  openChain,
  type Page,
  type TermsDocument,
} from "#protocol";
import { type Actor, Alliance, actor, digestOfText, lab, maker, members, north, south } from "../../alliance.suite.ts";
import { grantStands, type ReceiptErrorCode } from "../../index.ts";

const anna = actor("anna");
const billing = actor("billing", "P-256");
const clerk = actor("clerk");
const ghost = actor("ghost");

const TERMS: GrantTerms = {
  resource: { kind: "topic", topic: "north/meters", path: "kitchen/#" },
  purposes: ["https://w3id.org/dpv#PaymentManagement"],
  actions: ["read"],
  jurisdictions: ["DE"],
  controller: { name: "South Billing", contact: "privacy@south.example" },
  service: "Yearly bill",
  categories: ["consumption"],
};

function ready(): Alliance {
  const alliance = new Alliance();
  alliance.introduce(anna, billing, clerk);
  return alliance;
}

type Changes = Partial<OperationArgs<"grants.give">>;

function request(alliance: Alliance, changes: Changes = {}, terms = TERMS) {
  const document = makeTerms(changes.grant ?? createGrantId(), terms);
  const args: OperationArgs<"grants.give"> = {
    grant: document.grant,
    recipient: billing.did,
    provider: north.did,
    terms: digestTerms(document),
    from: alliance.seconds,
    until: alliance.seconds + 1000,
    delegable: 2,
    ...changes,
  };
  return { document, args };
}

function given(alliance: Alliance, changes: Changes = {}, owner: Actor = anna): string {
  const { args } = request(alliance, changes);
  alliance.ok(owner, "grants.give", args);
  return args.grant;
}

function handing(
  alliance: Alliance,
  parent: string,
  changes: Partial<OperationArgs<"grants.delegate">> = {},
): OperationArgs<"grants.delegate"> {
  const { args } = request(alliance, { recipient: clerk.did, delegable: 0 });
  const { provider, ...rest } = args;
  const { from, until } = read(alliance, parent);
  return { ...rest, from, until, parent, ...changes };
}

function handedOn(alliance: Alliance, parent: string, changes: Partial<OperationArgs<"grants.delegate">> = {}): string {
  const args = handing(alliance, parent, changes);
  const by = [anna, billing, clerk, ...members].find(({ did }) => did === read(alliance, parent).recipient) as Actor;
  alliance.ok(by, "grants.delegate", args);
  return args.grant;
}

const read = (alliance: Alliance, grant: string) => alliance.ledger.query("grants.get", { grant }) as GrantView;
const batch = (...grants: [grant: string, used: number][]): OperationArgs<"grants.anchor"> => ({
  root: digestOfText("receipts"),
  size: Math.max(
    1,
    grants.reduce((sum, [, used]) => sum + used, 0),
  ),
  grants: grants.map(([grant, used]) => ({ grant, used })),
});

function standing(alliance: Alliance, grant: string, time = alliance.time) {
  const found = grantStands(alliance.ledger.state, grant, time);
  return found.stands ? "stands" : `${found.why} ${found.grant}`;
}

describe("a grant", () => {
  it("is the owner's word, with digests for what it is for", () => {
    const alliance = ready();
    const { args, document } = request(alliance, { count: 3 });
    const receipt = alliance.ok(anna, "grants.give", args);
    expect(receipt.facts[0]?.about).toEqual([`grant/${args.grant}`, anna.did, billing.did, north.did]);
    expect(read(alliance, args.grant)).toEqual({
      grant: args.grant,
      owner: anna.did,
      grantor: anna.did,
      recipient: billing.did,
      provider: north.did,
      terms: args.terms,
      from: args.from,
      until: args.until,
      count: 3,
      used: 0,
      parent: null,
      depth: 0,
      delegable: 2,
      status: "active",
      revokedBy: null,
      reason: null,
      created: alliance.time,
      createdAt: alliance.ledger.height,
      updated: alliance.time,
      updatedAt: alliance.ledger.height,
      effective: "active",
      remaining: 3,
    });
    const found = grantStands(alliance.ledger.state, args.grant, alliance.time);
    expect(found).toMatchObject({ stands: true, remaining: 3 });
    expect(openChain(found.chain, [document])).toEqual(TERMS);
    alliance.refused("grants.exists", anna, "grants.give", args);
    alliance.refused("grants.exists", billing, "grants.give", args);
  });

  it.each<[ReceiptErrorCode, string, (alliance: Alliance) => Changes]>([
    ["grants.window", "ends before it begins", ({ seconds }) => ({ from: seconds + 10, until: seconds + 10 })],
    ["grants.window", "is over", ({ seconds }) => ({ from: seconds - 10, until: seconds })],
    ["grants.recipient", "has a recipient that nobody knows", () => ({ recipient: ghost.did })],
    ["grants.provider", "has a provider that is no member", () => ({ provider: billing.did })],
    ["grants.terms", "has its digests in another order", (a) => ({ terms: request(a).args.terms.toReversed() })],
    [
      "transaction.operation-arguments",
      "has one digest twice",
      () => ({ terms: [digestOfText("a"), digestOfText("a")] }),
    ],
    ["transaction.operation-arguments", "has no digest", () => ({ terms: [] })],
    ["transaction.operation-arguments", "has an id with idle bits", () => ({ grant: `${"A".repeat(21)}B` })],
    ["transaction.operation-arguments", "counts nothing", () => ({ count: 0 })],
    ["transaction.operation-arguments", "may be handed on too often", () => ({ delegable: 5 })],
  ])("is refused with %s where it %s", (code, _, changes) => {
    const alliance = ready();
    const { args } = request(alliance);
    alliance.refused(code, anna, "grants.give", { ...args, ...changes(alliance) });
  });

  it("is listed with its owner, its recipient and its provider, page by page", () => {
    const alliance = ready();
    const first = [given(alliance), given(alliance), given(alliance)].sort();
    const other = given(alliance, { recipient: anna.did, provider: south.did }, billing);
    const ids = (page: unknown) => (page as Page<GrantRecord>).items.map(({ grant }) => grant);
    const { ledger } = alliance;
    expect(ids(ledger.query("grants.byOwner", { owner: anna.did }))).toEqual(first);
    expect(ids(ledger.query("grants.byRecipient", { recipient: billing.did }))).toEqual(first);
    expect(ids(ledger.query("grants.byProvider", { provider: south.did }))).toEqual([other]);
    expect(ids(ledger.query("grants.byOwner", { owner: clerk.did }))).toEqual([]);
    expect(ids(ledger.query("grants.list", {}))).toEqual([...first, other].sort());
    const page = ledger.query("grants.byProvider", { provider: north.did, limit: 2 }) as Page<GrantRecord>;
    expect(ids(page)).toEqual(first.slice(0, 2));
    const rest = { provider: north.did, after: page.next as string };
    expect(ids(ledger.query("grants.byProvider", rest))).toEqual(first.slice(2));
  });

  it("says when it was given and when it last changed; counting is no change", () => {
    const alliance = ready();
    const grant = given(alliance);
    const { height } = alliance.ledger;
    const { time } = alliance;
    alliance.ok(north, "grants.anchor", batch([grant, 2]));
    const unchanged = { created: time, createdAt: height, updated: time, updatedAt: height };
    expect(read(alliance, grant)).toMatchObject({ ...unchanged, used: 2 });
    alliance.ok(anna, "grants.revoke", { grant });
    expect(read(alliance, grant)).toMatchObject({ ...unchanged, updated: alliance.time, updatedAt: height + 2 });
    expect(alliance.ledger.query("grants.get", { grant, height })).toMatchObject({ status: "active", used: 0 });
  });
});

describe("whether a grant stands", () => {
  it("depends on its window", () => {
    const alliance = ready();
    const grant = given(alliance, { from: alliance.seconds + 100, until: alliance.seconds + 200 });
    const begin = read(alliance, grant).from * 1000;
    expect(standing(alliance, grant)).toBe(`early ${grant}`);
    expect(standing(alliance, grant, begin - 1)).toBe(`early ${grant}`);
    expect(standing(alliance, grant, begin)).toBe("stands");
    expect(standing(alliance, grant, begin + 99_999)).toBe("stands");
    expect(standing(alliance, grant, begin + 100_000)).toBe(`expired ${grant}`);
  });

  it("depends on its owner, its recipient and who handed it on", () => {
    for (const [who, fails] of [
      [anna, "root"],
      [billing, "root"],
      [clerk, "child"],
    ] as const) {
      const alliance = ready();
      const root = given(alliance);
      const child = handedOn(alliance, root);
      alliance.ok(who, "identity.deactivate", { did: who.did });
      expect(standing(alliance, root)).toBe(fails === "root" ? `party ${root}` : "stands");
      expect(standing(alliance, child)).toBe(`party ${child}`);
    }
  });

  it("depends on its provider, and on a recipient that is a member being one in good standing", () => {
    const alliance = ready();
    const grant = given(alliance);
    const toMember = given(alliance, { recipient: north.did, provider: south.did });
    suspend(alliance, north);
    expect(standing(alliance, grant)).toBe(`provider ${grant}`);
    expect(standing(alliance, toMember)).toBe(`party ${toMember}`);
    expect(read(alliance, grant).effective).toBe("provider");
    alliance.refused("grants.provider", anna, "grants.give", request(alliance).args);
    const { args } = request(alliance, { recipient: north.did, provider: south.did });
    alliance.refused("grants.recipient", anna, "grants.give", args);
    alliance.refused("kernel.forbidden", north, "grants.give", request(alliance, { provider: south.did }).args);
    alliance.refused("kernel.forbidden", north, "grants.anchor", batch([grant, 1]));
  });

  it.each(["owner", "recipient", "who handed it on"])("depends on a device that is its %s being let act", (role) => {
    const alliance = ready();
    const lamp = actor("device/lamp", "P-256");
    alliance.defineModel();
    alliance.introduce(lamp);
    alliance.enrol(lamp, anna);
    alliance.admit(lamp);
    const root = role === "owner" ? given(alliance, {}, lamp) : given(alliance, { recipient: lamp.did, delegable: 1 });
    let grant = root;
    if (role === "who handed it on") {
      const args = handing(alliance, root);
      alliance.ok(lamp, "grants.delegate", args);
      grant = args.grant;
    }
    expect(standing(alliance, grant)).toBe("stands");
    alliance.ok(lab, "devices.quarantine", { device: lamp.did, reason: "odd traffic" });
    expect(standing(alliance, grant)).toBe(`party ${grant}`);
    if (role === "recipient")
      alliance.refused("grants.recipient", anna, "grants.give", request(alliance, { recipient: lamp.did }).args);
    alliance.ok(north, "devices.release", { device: lamp.did });
    expect(standing(alliance, grant)).toBe("stands");
    alliance.ok(maker, "devices.revoke", { device: lamp.did, reason: "stolen" });
    expect(standing(alliance, grant)).toBe(`party ${grant}`);
  });

  it("is no for one that nobody gave", () => {
    const alliance = ready();
    const grant = createGrantId();
    expect(standing(alliance, grant)).toBe(`unknown ${grant}`);
    expect(() => read(alliance, grant)).toThrow();
  });
});

describe("revoking", () => {
  it("holds from the next block, for the grant and all that was handed on under it", () => {
    const alliance = ready();
    const root = given(alliance);
    const child = handedOn(alliance, root);
    const before = alliance.ledger.height;
    alliance.ok(anna, "grants.revoke", { grant: root, reason: "moved out" });
    expect(standing(alliance, root)).toBe(`revoked ${root}`);
    expect(standing(alliance, child)).toBe(`revoked ${root}`);
    expect(read(alliance, child)).toMatchObject({ status: "active", effective: "revoked" });
    expect(read(alliance, root)).toMatchObject({ status: "revoked", revokedBy: anna.did, reason: "moved out" });
    expect(alliance.ledger.query("grants.get", { grant: root, height: before })).toMatchObject({ status: "active" });
    alliance.refused("grants.revoked", anna, "grants.revoke", { grant: root });
    alliance.refused("grants.lapsed", billing, "grants.delegate", handing(alliance, root));
  });

  it("is for the owner and who gave the link, and for nobody else", () => {
    const alliance = ready();
    const root = given(alliance);
    const child = handedOn(alliance, root, { delegable: 1 });
    const grandchild = handedOn(alliance, child, { recipient: maker.did });
    for (const who of [billing, clerk, north, maker, lab])
      alliance.refused("grants.not-grantor", who, "grants.revoke", { grant: root });
    for (const who of [clerk, north, maker])
      alliance.refused("grants.not-grantor", who, "grants.revoke", { grant: child });
    alliance.ok(anna, "grants.revoke", { grant: grandchild });
    expect(standing(alliance, grandchild)).toBe(`revoked ${grandchild}`);
    expect(standing(alliance, child)).toBe("stands");
    alliance.ok(billing, "grants.revoke", { grant: child });
    expect(standing(alliance, root)).toBe("stands");
    alliance.refused("grants.unknown", anna, "grants.revoke", { grant: createGrantId() });
  });

  it("is not needed where the owner is suspended: nothing of its data goes out", () => {
    const alliance = ready();
    const grant = given(alliance, { provider: north.did }, south);
    suspend(alliance, south);
    expect(standing(alliance, grant)).toBe(`party ${grant}`);
  });
});

describe("handing on", () => {
  it("keeps owner and provider, and counts the depth", () => {
    const alliance = ready();
    const root = given(alliance);
    const child = handedOn(alliance, root, { delegable: 1 });
    const grandchild = handedOn(alliance, child, { recipient: maker.did });
    expect(read(alliance, grandchild)).toMatchObject({
      owner: anna.did,
      provider: north.did,
      grantor: clerk.did,
      recipient: maker.did,
      parent: child,
      depth: 2,
      delegable: 0,
    });
    const found = grantStands(alliance.ledger.state, grandchild, alliance.time);
    expect(found.chain.map(({ grant }) => grant)).toEqual([grandchild, child, root]);
    alliance.refused("grants.widened", maker, "grants.delegate", handing(alliance, grandchild, { delegable: 0 }));
  });

  it.each<[string, (root: GrantRecord) => Partial<OperationArgs<"grants.delegate">>]>([
    ["begins earlier", ({ from }) => ({ from: from - 1 })],
    ["ends later", ({ until }) => ({ until: until + 1 })],
    ["counts more than is left", () => ({ count: 4 })],
    ["counts nothing off", () => ({})],
    ["may be handed on as often", () => ({ count: 3, delegable: 2 })],
  ])("is refused where the new grant %s", (_, changes) => {
    const alliance = ready();
    const root = given(alliance, { count: 5 });
    alliance.ok(north, "grants.anchor", batch([root, 2]));
    const record = read(alliance, root);
    alliance.refused("grants.widened", billing, "grants.delegate", handing(alliance, root, changes(record)));
    handedOn(alliance, root, { count: 3, delegable: 1 });
  });

  it("leaves no more than the tightest link above leaves", () => {
    const alliance = ready();
    const root = given(alliance, { count: 5 });
    const child = handedOn(alliance, root, { count: 5, delegable: 1 });
    // Used up beside the child, on the root itself.
    alliance.ok(north, "grants.anchor", batch([root, 3]));
    expect(read(alliance, child)).toMatchObject({ used: 0, remaining: 2 });
    alliance.refused(
      "grants.widened",
      clerk,
      "grants.delegate",
      handing(alliance, child, { count: 3, recipient: maker.did }),
    );
    handedOn(alliance, child, { count: 2, recipient: maker.did });
  });

  it("is the recipient's alone, and only while the chain stands", () => {
    const alliance = ready();
    const root = given(alliance, { until: alliance.seconds + 100 });
    for (const who of [anna, clerk, north])
      alliance.refused("grants.not-recipient", who, "grants.delegate", handing(alliance, root));
    const unknown = createGrantId();
    alliance.refused("grants.unknown", billing, "grants.delegate", { ...handing(alliance, root), parent: unknown });
    alliance.refused("grants.recipient", billing, "grants.delegate", handing(alliance, root, { recipient: ghost.did }));
    alliance.refused("grants.exists", billing, "grants.delegate", handing(alliance, root, { grant: root }));
    const late = handing(alliance, root);
    alliance.pass(100);
    alliance.refused("grants.lapsed", billing, "grants.delegate", late);
  });

  it("works before the grant's time has come, and not once it is spent", () => {
    const alliance = ready();
    const early = given(alliance, { from: alliance.seconds + 100 });
    expect(standing(alliance, handedOn(alliance, early))).toMatch("early");
    const root = given(alliance, { count: 1 });
    alliance.ok(north, "grants.anchor", batch([root, 1]));
    alliance.refused("grants.lapsed", billing, "grants.delegate", handing(alliance, root, { count: 1 }));
  });
});

describe("anchored access receipts", () => {
  it("count off the grant and every link above it, and never beyond a count", () => {
    const alliance = ready();
    const root = given(alliance, { count: 5 });
    const child = handedOn(alliance, root, { count: 4 });
    const sibling = handedOn(alliance, root, { count: 4 });
    const receipt = alliance.ok(north, "grants.anchor", batch([child, 3]));
    expect(receipt.facts[0]?.about).toEqual(expect.arrayContaining([`grant/${child}`, `grant/${root}`, anna.did]));
    expect([root, child, sibling].map((grant) => read(alliance, grant).used)).toEqual([3, 3, 0]);
    expect(read(alliance, sibling).remaining).toBe(2);
    alliance.refused("grants.spent", north, "grants.anchor", batch([child, 2]));
    alliance.refused("grants.spent", north, "grants.anchor", batch([sibling, 3]));
    // Together they exceed the root though each alone would not.
    alliance.refused("grants.spent", north, "grants.anchor", batch([child, 1], [sibling, 2]));
    alliance.ok(north, "grants.anchor", batch([child, 1], [sibling, 1]));
    expect(standing(alliance, sibling)).toBe(`spent ${root}`);
    expect(standing(alliance, child)).toBe(`spent ${child}`);
    expect(read(alliance, root)).toMatchObject({ used: 5, effective: "spent", remaining: 0 });
  });

  it("are taken once of two that race for the last count, in the order of the ledger", () => {
    const alliance = ready();
    const grant = given(alliance, { count: 1 });
    const anchor = (name: string) => ({
      op: "grants.anchor",
      args: { ...batch([grant, 1]), root: digestOfText(name) },
    });
    const sign = (name: string) => alliance.sign([north], [anchor(name)]);
    const receipts = alliance.block(sign("one"), sign("two"));
    expect(receipts.map(({ error }) => error?.code)).toEqual([undefined, "grants.spent"]);
    expect(read(alliance, grant).used).toBe(1);
  });

  it("count once however often the same transaction is offered", () => {
    const alliance = ready();
    const grant = given(alliance);
    const claims = { jti: "anchor-of-one-batch-00", exp: alliance.seconds + 60 };
    const sign = () => alliance.sign([north], [{ op: "grants.anchor", args: batch([grant, 2]) as never }], claims);
    const transaction = sign();
    const [first, again] = alliance.block(transaction, transaction);
    expect([first?.error, again?.error?.code]).toEqual([undefined, "transaction.replayed"]);
    expect(alliance.block(sign())[0]?.error?.code).toBe("transaction.replayed");
    expect(read(alliance, grant).used).toBe(2);
  });

  it("are the provider's alone, each counted once", () => {
    const alliance = ready();
    const grant = given(alliance);
    alliance.refused("grants.foreign-receipts", south, "grants.anchor", batch([grant, 1]));
    alliance.refused("kernel.forbidden", billing, "grants.anchor", batch([grant, 1]));
    alliance.refused("grants.unknown", north, "grants.anchor", batch([createGrantId(), 1]));
    alliance.refused("grants.batch", north, "grants.anchor", batch([grant, 1], [grant, 1]));
    alliance.refused("grants.batch", north, "grants.anchor", { ...batch([grant, 2]), size: 1 });
    // Refusals have receipts, too, and count nothing.
    alliance.ok(north, "grants.anchor", { ...batch([grant, 0]), size: 3 });
    expect(read(alliance, grant).used).toBe(0);
  });

  it("are taken after the grant's end, for what was released before", () => {
    const alliance = ready();
    const grant = given(alliance, { count: 2 });
    alliance.ok(anna, "grants.revoke", { grant });
    alliance.pass(5000);
    alliance.ok(north, "grants.anchor", batch([grant, 2]));
    expect(read(alliance, grant)).toMatchObject({ used: 2, status: "revoked", effective: "revoked" });
  });
});

describe("what stays on the ledger once terms and salts are erased", () => {
  it("tells nothing of them, and links no two grants of the same terms", () => {
    const alliance = ready();
    const documents: TermsDocument[] = [];
    for (let i = 0; i < 2; i++) {
      const { args, document } = request(alliance);
      alliance.ok(anna, "grants.give", args);
      documents.push(document);
    }
    const [one, two] = documents.map(({ grant }) => read(alliance, grant)) as [GrantView, GrantView];
    expect(one.terms.filter((digest) => two.terms.includes(digest))).toEqual([]);
    const kept = JSON.stringify([...alliance.dump()]);
    for (const word of ["kitchen", "north/meters", "PaymentManagement", "Billing", "privacy@", "consumption", "bill"])
      expect(kept).not.toContain(word);
    for (const { salts } of documents) for (const salt of Object.values(salts)) expect(kept).not.toContain(salt);
    // Optional parts that are missing leave as many digests as those that are there.
    const { args } = request(alliance, {}, { ...TERMS, controller: null, service: null, categories: [] });
    expect(args.terms.length).toBe(one.terms.length);
  });
});

function suspend(alliance: Alliance, member: Actor): void {
  alliance.ok(lab, "members.propose", { change: { kind: "suspend", member: member.did } });
  for (const voter of members.filter((one) => one !== member && one !== lab))
    alliance.ok(voter, "members.approve", { proposal: 1 });
  expect(alliance.ledger.query("members.get", { member: member.did })).toMatchObject({ status: "suspended" });
}
