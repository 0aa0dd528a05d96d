import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { isHansaError } from "#base";
import type { SimulatedDevice } from "#bridges";
import {
  createGrantId,
  DPV,
  digestTerms,
  encodeAccessReceiptProof,
  makeTerms,
  operation,
  type ReleaseWindow,
  shortPurpose,
  type TermsDocument,
} from "#protocol";
import {
  countersignReceipt,
  createSealingKey,
  getAccessReceipt,
  getStatus,
  listAccessReceipts,
  type OpenedRelease,
  openRelease,
  query,
  requestRelease,
  type verifyAccessReceipt,
} from "#sdk";
import { saveTerms } from "../grant-terms-file.ts";
import { type CastDevice, DEVICES, MEMBERS } from "./cast.ts";
import { showCertificate } from "./certificate.ts";
import type { House } from "./devices-step.ts";
import { found, type Report, refusalOf, type Stage, until } from "./stage.ts";
import { verifyOffline } from "./verify-offline.ts";

const DAY = 86_400;
const PROPERTY = "energy";
const BILLING = `${DPV}PaymentManagement`;
/** What the meter counts on by in this run, kWh. */
const READINGS = [0.2, 0.5, 0.9] as const;

/** Who plays in this step: the meter talks to borea, and acme wants to bill by it. */
const PARTS = { recipient: "acme", provider: "borea" } as const;

/** Step 6: an owner lets another platform read a meter's last day for billing, and ends it; the regulator checks who had what. */
export async function releaseReadings(stage: Stage, report: Report, house: House): Promise<string> {
  const meter = DEVICES.find((device) => device.name === "plug") as CastDevice;
  await showCertificate(stage, report, meter);
  const read = await takeReadings(house.get(meter.name) as SimulatedDevice);
  const document = await giveGrant(stage, report, meter);
  const { grant } = document;
  const window = await lastDay(stage.signal);
  const opened = await readSealed(stage, report, { document, window, read });

  await stage.send("owner", [operation("grants.revoke", { grant, reason: "changed the supplier" })]);
  // A provider goes by the newest block that its own node has.
  const known = await until(10_000, stage.signal, async () => {
    const record = await query(stage.as(PARTS.provider), "grants.get", { grant });
    return record.status === "revoked";
  });
  const args = { provider: stage.party(PARTS.provider).did, terms: [document], window };
  const refused = await refusalOf(requestRelease(stage.as(PARTS.recipient, PARTS.provider), args));
  report.check(
    `the owner revokes; the second read is refused: ${refused.code} — ${refused.message}`,
    known && refused.code === "exchange.grant",
  );
  const again = [
    `hansa exchange request ${grant}`,
    `--from ${timeOf(window.from)} --to ${timeOf(window.to)}`,
    `--as ${PARTS.recipient} --passphrase-file .hansa/passphrase`,
  ];
  report.byHand(again.join(" "));
  await verifyReceipt(stage, report, { grant, receipt: opened.claims.jti });
  return grant;
}

/** The meter counts on; answers its newest readings, the last of them last. */
async function takeReadings(meter: SimulatedDevice): Promise<readonly number[]> {
  const begin = Number(meter.read(PROPERTY));
  const read: number[] = [];
  for (const more of READINGS) {
    await meter.set(PROPERTY, Number((begin + more).toFixed(2)));
    read.push(Number(meter.read(PROPERTY)));
  }
  return read;
}

async function giveGrant(stage: Stage, report: Report, meter: CastDevice): Promise<TermsDocument> {
  const document = makeTerms(createGrantId(), {
    resource: { kind: "property", device: stage.did(meter), property: PROPERTY },
    purposes: [BILLING],
    actions: ["read"],
    jurisdictions: ["DE"],
    controller: { name: "Acme Home Billing", contact: "privacy@acme.example" },
    service: "the monthly electricity bill",
    categories: ["meter readings"],
  });
  const { grant } = document;
  const digests = digestTerms(document);
  // Where the command line looks for the terms; in this household one home plays for all, so recipient and provider have them, too.
  saveTerms(join(stage.home, "grants", `${grant}.json`), document);
  const now = Math.floor(Date.now() / 1000);
  await stage.send("owner", [
    operation("grants.give", {
      grant,
      recipient: stage.party(PARTS.recipient).did,
      provider: stage.party(PARTS.provider).did,
      terms: digests,
      from: now - DAY,
      until: now + 30 * DAY,
      count: 12,
      delegable: 0,
    }),
  ]);
  let onLedger = "";
  const stands = await until(10_000, stage.signal, async () => {
    const record = await found(query(stage.as("owner", PARTS.provider), "grants.get", { grant }));
    onLedger = JSON.stringify(record ?? {});
    return record?.effective === "active";
  });
  report.say(
    `the owner lets ${PARTS.recipient} read the ${PROPERTY} of ${PARTS.provider}'s ${meter.name}, in DE, 12 times, for ${shortPurpose(BILLING)}`,
  );
  const personal = [stage.did(meter), PROPERTY, BILLING, "Acme Home Billing", "privacy@acme.example"];
  report.check(
    `grant ${grant}: of what it is for, the ledger has ${digests.length} salted digests, and neither meter nor purpose`,
    stands && personal.every((part) => !onLedger.includes(part)),
  );
  report.byHand(`hansa grant show ${grant}`);
  return document;
}

interface Wanted {
  readonly document: TermsDocument;
  readonly window: ReleaseWindow;
  readonly read: readonly number[];
}

/** A nonce, a signed request, a sealed answer, and a second signature on its receipt: all at the provider's node. */
async function readSealed(stage: Stage, report: Report, { document, window, read }: Wanted): Promise<OpenedRelease> {
  const client = stage.as(PARTS.recipient, PARTS.provider);
  const provider = stage.party(PARTS.provider).did;
  const release = await requestRelease(client, { provider, terms: [document], window });
  const foreign = await refusalOf(openRelease(client, { ...release, key: await createSealingKey() }));
  const opened = await openRelease(client, release);
  const readings = (opened.events ?? []).map(({ event }) => Number(event.data));
  report.check(
    `${PARTS.recipient} reads the last day from ${PARTS.provider}: ${readings.length} readings, the newest ${readings.at(-1)} kWh, sealed to a key of its own`,
    foreign.code === "sdk.release" && read.join() === readings.slice(-read.length).join(),
  );
  const sources = new Set(opened.events?.map(({ event }) => event.source));
  const vouchers = new Set(opened.events?.map(({ vouchedBy }) => vouchedBy));
  // A node signs the logs that it keeps as its own member, those of members that it plays for as well.
  const { member } = await getStatus(client);
  const keeper = MEMBERS.find(({ name }) => stage.party(name).did === member)?.name;
  report.check(
    `each with its proof: the meter said it, and it stands in the log that ${keeper}'s node signed`,
    [...sources].join() === resourceOf(document) && [...vouchers].join() === member,
  );
  await countersignReceipt(client, opened.receipt);
  const { items } = await listAccessReceipts(stage.as("owner", PARTS.provider), { grant: document.grant });
  report.check(
    `both sides sign the access receipt, and the owner sees it: ${opened.claims.jti}`,
    items.length === 1 && items[0]?.jti === opened.claims.jti && items[0].receipt.signatures.length === 2,
  );
  report.byHand(`hansa exchange receipts ${document.grant} --as owner --passphrase-file .hansa/passphrase`);
  return opened;
}

/** The owner fetches the receipt's file once its batch is anchored; the regulator needs the file and nothing else. */
async function verifyReceipt(
  stage: Stage,
  report: Report,
  { grant, receipt }: { readonly grant: string; readonly receipt: string },
): Promise<void> {
  let text = "";
  const anchored = await until(10_000, stage.signal, async () => {
    text = await getAccessReceipt(stage.as("owner", PARTS.provider), { receipt }).then(
      encodeAccessReceiptProof,
      notYet,
    );
    return text !== "";
  });
  const { used } = await query(stage.as(PARTS.provider), "grants.get", { grant });
  report.check(`${PARTS.provider} anchors the receipt on the ledger: ${used} of 12 reads used`, anchored && used === 1);

  const file = join(stage.home, "access-receipt.json");
  writeFileSync(file, text, { mode: 0o600 });
  const shown = relative(process.cwd(), file);
  const altered = join(stage.home, "access-receipt-altered.json");
  writeFileSync(altered, text.replace(`"property":"${PROPERTY}"`, '"property":"power"'), { mode: 0o600 });
  const [{ code, text: verdict }, wrong] = await Promise.all([
    verifyOffline(file, stage.groupId),
    verifyOffline(altered, stage.groupId),
  ]);
  const said = code === 0 ? (JSON.parse(verdict) as ReturnType<typeof verifyAccessReceipt>) : undefined;
  report.check(
    `the regulator verifies ${shown} offline: ${PARTS.recipient}'s and ${PARTS.provider}'s signatures, ${shortPurpose(said?.receipt.purpose ?? "")}, a grant ${said?.grants[0]?.status} since`,
    said?.provider === "verified" &&
      said.recipient === "verified" &&
      said.receipt.sub === stage.party(PARTS.recipient).did &&
      said.receipt.purpose === BILLING &&
      said.grants[0]?.owner === stage.party("owner").did &&
      said.grants[0].status === "revoked",
  );
  report.check("the same file with another property in it does not hold", wrong.code === 1);
  report.byHand(`hansa verify ${shown} --trust ${stage.groupId}`);
}

/** A day up to now, once this second is over: nobody asks for what is still to come. */
async function lastDay(signal: AbortSignal): Promise<ReleaseWindow> {
  const to = Math.floor(Date.now() / 1000) + 1;
  await until(2000, signal, () => Date.now() >= to * 1000);
  return { from: to - DAY, to };
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function resourceOf({ terms }: TermsDocument): string | undefined {
  return terms.resource.kind === "property" ? terms.resource.device : undefined;
}

/** It waits for its batch, or a block came while the file was put together. */
function notYet(error: unknown): string {
  if (isHansaError(error, "exchange.not-anchored") || isHansaError(error, "audit.head-moved")) return "";
  throw error;
}
