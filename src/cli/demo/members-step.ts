import { encodeMultikey } from "#crypto";
import { digestOf, type MemberChange, type Operation, operation } from "#protocol";
import { query } from "#sdk";
import { type CastDevice, DEVICES, FIRMWARE, MEMBERS, type MemberName, REVOKED, topicOf, UNCERTIFIED } from "./cast.ts";
import { firmwareDigest, found, type Report, type Stage } from "./stage.ts";

/** Seconds since 1970 of the day in half a year until which certifications hold. */
const halfAYear = () => Math.floor(Date.now() / 1000) + 180 * 86_400;

/** Step 1: members join by vote; the maker registers root key and models; the lab certifies all but one. */
export async function joinMembers(stage: Stage, report: Report): Promise<void> {
  const acme = stage.as("acme");
  for (const { name, label, roles } of MEMBERS.slice(1)) {
    if ((await found(query(acme, "members.get", { member: stage.party(name).did })))?.status === "active") {
      report.say(`${name} is a member already`);
      continue;
    }
    await ensureIdentity(stage, name, "acme");
    const change = { kind: "admit" as const, member: stage.party(name).did, name: label, roles: [...roles] };
    const { proposal, voters } = await decide(stage, change, name);
    report.say(`${name} joins as ${roles.join(", ")}: proposal ${proposal}, approved by ${voters.join(" and ")}`);
  }
  const members = await query(acme, "members.list", {});
  const active = members.items.filter((member) => member.status === "active");
  report.check(
    `${active.length} members: ${active.map((member) => `${member.name} [${member.roles.join(", ")}]`).join("; ")}`,
    active.length === MEMBERS.length,
  );
  report.byHand("hansa member list");

  await registerModels(stage, report);
  await openTopics(stage, report);
}

/** Acme proposes, and the others approve until it takes effect; whoever it is about may not have a vote yet. */
export async function decide(
  stage: Stage,
  change: MemberChange,
  without?: MemberName,
): Promise<{ readonly proposal: number; readonly voters: readonly string[] }> {
  const acme = stage.as("acme");
  const receipt = await stage.send("acme", [operation("members.propose", { change })]);
  const proposal = Number(receipt.facts.find((fact) => fact.fact === "members.proposed")?.data["proposal"]);
  const voters = ["acme"];
  for (const { name } of MEMBERS) {
    if ((await query(acme, "members.proposal", { proposal })).status !== "open") break;
    if (name === "acme" || name === without) continue;
    await stage.send(name, [operation("members.approve", { proposal })]);
    voters.push(name);
  }
  return { proposal, voters };
}

/** Creates a DID for a key of the key file, vouched for by a member. */
export async function ensureIdentity(stage: Stage, name: string, sponsor: MemberName): Promise<void> {
  const { did, signer } = stage.party(name);
  if ((await found(query(stage.as(sponsor), "identity.resolve", { did }))) !== undefined) return;
  const publicKey = encodeMultikey({ algorithm: signer.algorithm, bytes: signer.publicKey });
  await stage.send(sponsor, [operation("identity.create", { publicKey })]);
}

async function registerModels(stage: Stage, report: Report): Promise<void> {
  const castor = stage.as("castor");
  const rootSigner = stage.party("root/castor").signer;
  const root = encodeMultikey({ algorithm: rootSigner.algorithm, bytes: rootSigner.publicKey });
  const roots = await query(castor, "devices.roots", { maker: stage.party("castor").did });
  if (roots.items.length === 0)
    await stage.send("castor", [operation("devices.addRoot", { root, name: "Castor device root" })]);

  const makes: Operation[] = [];
  const certifies: Operation[] = [];
  const all: readonly CastDevice[] = [...DEVICES, REVOKED, UNCERTIFIED];
  const vendors = new Set<string>();
  for (const device of all) {
    const product = await stage.product(device);
    vendors.add(product.vendor);
    const model = product.modelId;
    const record = await found(query(castor, "devices.model", { model }));
    if (record === undefined) {
      makes.push(
        operation("devices.defineModel", {
          model,
          name: product.description.slice(0, 80),
          description: product.digest,
        }),
      );
      makes.push(operation("devices.addFirmware", { model, version: FIRMWARE, digest: firmwareDigest(model) }));
    }
    const certified = record?.certifications.some((entry) => entry.status === "certified") ?? false;
    if (device !== UNCERTIFIED && !certified)
      certifies.push(
        operation("devices.certify", {
          model,
          firmware: FIRMWARE,
          status: "certified",
          evidence: digestOf({ report: model, firmware: FIRMWARE }),
          until: halfAYear(),
        }),
      );
  }
  if (makes.length > 0) await stage.send("castor", makes);
  if (certifies.length > 0) await stage.send("delphi", certifies);
  report.say(
    `castor registers its root key and ${all.length} models of ${vendors.size} vendors; delphi certifies all but one with firmware ${FIRMWARE}`,
  );
  const models = await query(castor, "devices.models", {});
  const certified = models.items.filter((model) => model.certifications.some((entry) => entry.status === "certified"));
  report.check(
    `${models.items.length} models, ${certified.length} certified, ${models.items.length - certified.length} not`,
    certified.length === all.length - 1 && models.items.length === all.length,
  );
  report.byHand("hansa model list");
}

/** A topic for each platform: its devices speak below their own name, the regulator and the platform listen. */
async function openTopics(stage: Stage, report: Report): Promise<void> {
  for (const platform of ["acme", "borea"] as const) {
    const topic = topicOf(platform);
    if ((await found(query(stage.as(platform), "topics.get", { topic }))) !== undefined) continue;
    const { did } = stage.party(platform);
    await stage.send(platform, [
      operation("topics.open", {
        topic,
        publish: [{ who: { devicesOf: did }, at: "{device}/#" }],
        subscribe: [
          { who: { did } },
          { who: { role: "regulator" } },
          { who: { ownersOfDevicesOf: did }, at: "{device}/#" },
        ],
      }),
    ]);
    report.say(`${platform} opens the topic ${topic}`);
  }
}
