import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeTransaction, OPERATIONS, type OperationName, type Receipt } from "#protocol";
import * as sdk from "#sdk";
import { json, serve } from "../server.suite.ts";

/** The action of each operation; the type makes the table complete. */
const ACTIONS: Record<
  OperationName,
  (client: sdk.Client, args: never, options?: { seconds?: number }) => Promise<Receipt>
> = {
  "members.propose": sdk.proposeMember,
  "members.approve": sdk.approveProposal,
  "members.reject": sdk.rejectProposal,
  "members.withdraw": sdk.withdrawProposal,
  "identity.create": sdk.createDid,
  "identity.addKey": sdk.addKey,
  "identity.removeKey": sdk.removeKey,
  "identity.rotateKey": sdk.rotateKey,
  "identity.setService": sdk.setService,
  "identity.removeService": sdk.removeService,
  "identity.setControllers": sdk.setControllers,
  "identity.deactivate": sdk.deactivateDid,
  "devices.addRoot": sdk.addRoot,
  "devices.removeRoot": sdk.removeRoot,
  "devices.defineModel": sdk.defineModel,
  "devices.addFirmware": sdk.addFirmware,
  "devices.certify": sdk.certifyModel,
  "devices.enrol": sdk.enrolDevice,
  "devices.challenge": sdk.challengeDevice,
  "devices.admit": sdk.admitDevice,
  "devices.quarantine": sdk.quarantineDevice,
  "devices.release": sdk.releaseDevice,
  "devices.revoke": sdk.revokeDevice,
  "devices.transfer": sdk.transferDevice,
  "devices.recall": sdk.recallModel,
  "devices.liftRecall": sdk.liftRecall,
  "linkages.propose": sdk.proposeLinkage,
  "linkages.accept": sdk.acceptLinkage,
  "linkages.suspend": sdk.suspendLinkage,
  "linkages.activate": sdk.activateLinkage,
  "linkages.withdraw": sdk.withdrawLinkage,
  "linkages.end": sdk.endLinkage,
  "linkages.anchorReceipts": sdk.anchorReceipts,
  "nodes.register": sdk.registerNode,
  "nodes.update": sdk.updateNode,
  "nodes.ready": sdk.readyNode,
  "nodes.retire": sdk.retireNode,
  "topics.open": sdk.openTopic,
  "topics.change": sdk.changeTopic,
  "topics.close": sdk.closeTopic,
  "topics.anchor": sdk.anchorCheckpoints,
  "issuers.registerSchema": sdk.registerSchema,
  "statuses.publish": sdk.publishStatusList,
  "evidence.anchor": sdk.anchorEvidence,
  "evidence.sign": sdk.signEvidence,
  "evidence.revoke": sdk.revokeEvidence,
  "evidence.unrevoke": sdk.unrevokeEvidence,
};

describe("the action of an operation", () => {
  let served: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    served = await serve((_, response) => json(response, { id: "00", height: 1, index: 0, code: 0, facts: [] }));
  });
  afterAll(() => served.close());

  it.each(Object.keys(OPERATIONS) as OperationName[])("%s sends it with its arguments", async (op) => {
    const args = { marker: op };
    await ACTIONS[op](served.client({ now: () => 0 }), args as never, { seconds: 30 });
    const { claims } = decodeTransaction(served.arrived.at(-1)?.body ?? "");
    expect(claims.ops).toEqual([{ op, args }]);
    expect(claims.exp).toBe(30);
  });
});
