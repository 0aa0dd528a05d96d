import { decodeMultikey } from "#crypto";
import { type DeviceRecord, fingerprintOf, type ModelRecord } from "#protocol";
import { type Context, forbidden, type Handlers } from "../../kernel/module.ts";
import { checkAttestation, checkCertificate } from "./admission.ts";
import { refuse } from "./errors.ts";
import type { DevicesNeeds } from "./needs.ts";
import { challengeKey, deviceKey, modelKey, nonceKey, readDevice, readModel, readRoot, rootKey } from "./records.ts";

/** A model's record holds all its versions, and is written anew with each. */
const MOST_FIRMWARE = 256;

export function deviceHandlers(needs: DevicesNeeds): Handlers<"devices"> {
  function requireRole(context: Context, role: "maker" | "lab" | "platform"): string {
    if (!needs.isActiveMember(context.state, context.issuer, role))
      throw forbidden(`an active member with the role ${role}`);
    return context.issuer;
  }

  function requireModel(context: Context, model: string): ModelRecord {
    const record = readModel(context.state, model);
    if (record === undefined) throw refuse("devices.unknown-model", `there is no model ${model}`, { model });
    return record;
  }

  function requireDevice(context: Context, did: string): DeviceRecord {
    const record = readDevice(context.state, did);
    if (record === undefined) throw refuse("devices.unknown", `${did} is not enrolled`, { device: did });
    return record;
  }

  function requireOwnModel(context: Context, model: string): ModelRecord {
    const maker = requireRole(context, "maker");
    const record = requireModel(context, model);
    if (record.maker !== maker) throw forbidden("the maker of this model");
    return record;
  }

  function requireOperator(context: Context, did: string): DeviceRecord {
    const platform = requireRole(context, "platform");
    const device = requireDevice(context, did);
    if (device.operator !== platform) throw forbidden("the platform that operates this device");
    return device;
  }

  /** Those who may cut a device off: its platform, its maker, any regulator. */
  function requireGuardian(context: Context, device: DeviceRecord): void {
    const { state, issuer } = context;
    const right =
      (issuer === device.operator && needs.isActiveMember(state, issuer, "platform")) ||
      (issuer === device.maker && needs.isActiveMember(state, issuer, "maker")) ||
      needs.isActiveMember(state, issuer, "regulator");
    if (!right) throw forbidden("the device's platform, its maker, or a regulator");
  }

  function saveDevice(
    context: Context,
    device: DeviceRecord,
    change: Partial<DeviceRecord>,
    fact: string,
    data = {},
  ): void {
    context.state.put(deviceKey(device.device), { ...device, ...change });
    context.emit(fact, [device.device, device.operator, device.owner, `model/${device.model}`], data);
  }

  return {
    "devices.addRoot"(context, args) {
      const maker = requireRole(context, "maker");
      const key = decodeMultikey(args.root);
      if (key === undefined) throw refuse("devices.bad-key", "the root is not a public key");
      const id = fingerprintOf(key);
      if (readRoot(context.state, id) !== undefined)
        throw refuse("devices.root-exists", "the root key is registered already", { root: id });
      context.state.put(rootKey(id), { root: args.root, id, maker, name: args.name, removed: false });
      context.emit("devices.rootAdded", [maker, `root/${id}`], { root: id });
    },

    "devices.removeRoot"(context, args) {
      const maker = requireRole(context, "maker");
      const key = decodeMultikey(args.root);
      const root = key === undefined ? undefined : readRoot(context.state, fingerprintOf(key));
      if (root === undefined || root.removed) throw refuse("devices.unknown-root", "the root key is not registered");
      if (root.maker !== maker) throw forbidden("the maker whose root this is");
      context.state.put(rootKey(root.id), { ...root, removed: true });
      context.emit("devices.rootRemoved", [maker, `root/${root.id}`], { root: root.id });
    },

    "devices.defineModel"(context, args) {
      const maker = requireRole(context, "maker");
      if (readModel(context.state, args.model) !== undefined)
        throw refuse("devices.model-exists", `${args.model} is defined already`, { model: args.model });
      const model: ModelRecord = {
        model: args.model,
        maker,
        name: args.name,
        description: args.description,
        firmware: [],
        certifications: [],
        recall: null,
      };
      context.state.put(modelKey(args.model), model);
      context.emit("devices.modelDefined", [maker, `model/${args.model}`], { model: args.model });
    },

    "devices.addFirmware"(context, args) {
      const model = requireOwnModel(context, args.model);
      if (model.firmware.some((entry) => entry.version === args.version))
        throw refuse("devices.firmware-exists", `${args.model} has firmware ${args.version} already`, {
          firmware: args.version,
        });
      if (model.firmware.length >= MOST_FIRMWARE)
        throw refuse("devices.too-many", `at most ${MOST_FIRMWARE} firmware versions`, { limit: MOST_FIRMWARE });
      const firmware = [...model.firmware, { version: args.version, digest: args.digest }];
      context.state.put(modelKey(args.model), { ...model, firmware });
      context.emit("devices.firmwareAdded", [model.maker, `model/${args.model}`], {
        version: args.version,
        digest: args.digest,
      });
    },

    "devices.certify"(context, args) {
      const lab = requireRole(context, "lab");
      const model = requireModel(context, args.model);
      if (!model.firmware.some((entry) => entry.version === args.firmware))
        throw refuse("devices.unknown-firmware", `${args.model} has no firmware ${args.firmware}`, {
          firmware: args.firmware,
        });
      if (args.status !== "revoked" && args.until * 1000 <= context.time)
        throw refuse("devices.until", "the certification would have ended already", { until: args.until });
      // One verdict per lab and firmware: a later one replaces the earlier, which the trail keeps.
      const others = model.certifications.filter((entry) => entry.firmware !== args.firmware || entry.lab !== lab);
      const verdict = {
        firmware: args.firmware,
        lab,
        status: args.status,
        evidence: args.evidence,
        until: args.until,
        at: context.time,
      };
      context.state.put(modelKey(args.model), { ...model, certifications: [...others, verdict] });
      context.emit("devices.certified", [lab, model.maker, `model/${args.model}`], {
        firmware: args.firmware,
        status: args.status,
        until: args.until,
      });
    },

    "devices.enrol"(context, args) {
      const operator = requireRole(context, "platform");
      if (readDevice(context.state, args.device) !== undefined)
        throw refuse("devices.exists", `${args.device} is enrolled already`, { device: args.device });
      for (const did of [args.device, args.owner])
        if (!needs.isLiveIdentity(context.state, did))
          throw refuse("devices.unknown-identity", `${did} is not a live DID`, { did });
      const { claims, root } = checkCertificate(context, needs, args.device, args.certificate);
      const device: DeviceRecord = {
        device: args.device,
        model: claims.model,
        maker: claims.iss,
        root: root.id,
        operator,
        owner: args.owner,
        status: "enrolled",
        certificateUntil: claims.exp,
        admission: null,
        reason: null,
        ownership: 1,
      };
      saveDevice(context, device, {}, "devices.enrolled", { model: claims.model });
    },

    "devices.challenge"(context, args) {
      const device = requireOperator(context, args.device);
      if (device.status === "revoked")
        throw refuse("devices.state", "the device was revoked", { status: device.status });
      const used = nonceKey(args.device, args.nonce);
      if (context.state.get(used) !== undefined) throw refuse("devices.nonce-reused", "the nonce was used before");
      context.state.put(used, {});
      const expires = context.time + needs.challengeSeconds(context.state) * 1000;
      context.state.put(challengeKey(args.device), {
        device: args.device,
        platform: device.operator,
        nonce: args.nonce,
        expires,
        answered: false,
      });
      context.emit("devices.challenged", [args.device, device.operator], { expires });
    },

    "devices.admit"(context, args) {
      const device = requireOperator(context, args.device);
      if (device.status !== "enrolled" && device.status !== "admitted")
        throw refuse("devices.state", `the device is ${device.status}`, { status: device.status });
      const { challenge, firmware, lab } = checkAttestation(context, needs, device, args.attestation, args.until);
      context.state.put(challengeKey(args.device), { ...challenge, answered: true });
      const admission = { firmware, until: args.until, at: context.time };
      saveDevice(context, device, { status: "admitted", admission, reason: null }, "devices.admitted", {
        firmware,
        lab,
        until: args.until,
      });
    },

    "devices.quarantine"(context, args) {
      const device = requireDevice(context, args.device);
      requireGuardian(context, device);
      if (device.status !== "enrolled" && device.status !== "admitted")
        throw refuse("devices.state", `the device is ${device.status}`, { status: device.status });
      saveDevice(context, device, { status: "quarantined", reason: args.reason }, "devices.quarantined", {
        by: context.issuer,
        reason: args.reason,
      });
    },

    "devices.release"(context, args) {
      const device = requireDevice(context, args.device);
      requireGuardian(context, device);
      if (device.status !== "quarantined")
        throw refuse("devices.state", `the device is ${device.status}`, { status: device.status });
      // What was found wrong may still be: the device must attest anew.
      saveDevice(context, device, { status: "enrolled", admission: null, reason: null }, "devices.released", {
        by: context.issuer,
      });
    },

    "devices.revoke"(context, args) {
      const device = requireDevice(context, args.device);
      requireGuardian(context, device);
      if (device.status === "revoked")
        throw refuse("devices.state", "the device was revoked already", { status: device.status });
      saveDevice(context, device, { status: "revoked", reason: args.reason }, "devices.revoked", {
        by: context.issuer,
        reason: args.reason,
      });
    },

    "devices.transfer"(context, args) {
      const device = requireDevice(context, args.device);
      if (device.status === "revoked")
        throw refuse("devices.state", "the device was revoked", { status: device.status });
      if (!needs.isLiveIdentity(context.state, args.to))
        throw refuse("devices.unknown-identity", `${args.to} is not a live DID`, { did: args.to });
      if (!context.parties.has(device.owner) || !context.parties.has(args.to))
        throw forbidden("the signatures of both owners, the present and the next");
      const { ownership } = device;
      context.state.put(deviceKey(device.device), { ...device, owner: args.to, ownership: ownership + 1 });
      context.emit("devices.transferred", [device.device, device.operator, device.owner, args.to], {
        ownership: ownership + 1,
      });
    },

    "devices.recall"(context, args) {
      const model = requireModel(context, args.model);
      const { state, issuer } = context;
      if (
        !(issuer === model.maker && needs.isActiveMember(state, issuer, "maker")) &&
        !needs.isActiveMember(state, issuer, "regulator")
      )
        throw forbidden("the model's maker, or a regulator");
      if (model.recall !== null)
        throw refuse("devices.recalled", `${args.model} is recalled already`, { model: args.model });
      state.put(modelKey(args.model), { ...model, recall: { by: issuer, reason: args.reason, at: context.time } });
      context.emit("devices.recalled", [model.maker, issuer, `model/${args.model}`], { reason: args.reason });
    },

    "devices.liftRecall"(context, args) {
      const model = requireModel(context, args.model);
      const { recall } = model;
      if (recall === null) throw refuse("devices.state", `${args.model} is not recalled`, { status: "not recalled" });
      // A maker cannot lift what a regulator ordered.
      const regulator = needs.isActiveMember(context.state, context.issuer, "regulator");
      if (!regulator && !(recall.by === context.issuer && needs.isActiveMember(context.state, context.issuer, "maker")))
        throw forbidden("whoever ordered the recall, or a regulator");
      context.state.put(modelKey(args.model), { ...model, recall: null });
      context.emit("devices.recallLifted", [model.maker, context.issuer, `model/${args.model}`], {});
    },
  };
}
