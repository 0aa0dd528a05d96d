/** The main job on four members, each with its own node: the steps of `hansa demo`, every party acting at its own member's node. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProduct, type SimulatedDevice } from "#bridges";
import { getTrailProof, query, verifyProofFile } from "#sdk";
import { DEVICES } from "../../../src/cli/demo/cast.ts";
import type { House } from "../../../src/cli/demo/devices-step.ts";
import type { Stage } from "../../../src/cli/demo/stage.ts";
import { closeHouse, playDemo } from "../demo.suite.ts";
import { ENGINE, WITHOUT_ENGINE } from "../network/engine.suite.ts";
import { Members, SECONDS } from "./members.suite.ts";

const LONG = 180 * SECONDS;

let members: Members;
let house: House = new Map<string, SimulatedDevice>();

describe.skipIf(ENGINE === undefined)(`the main job on four members${WITHOUT_ENGINE}`, () => {
  beforeAll(async () => {
    members = await Members.found();
    await members.up();
  }, LONG);
  afterAll(async () => {
    await closeHouse(house);
    await members?.remove();
  }, LONG);

  it("runs from nothing to a trail verified offline: models, admission, devices, a linkage of two platforms, proof, a grant", {
    timeout: LONG,
  }, async () => {
    const stage: Stage = {
      home: members.made.folder,
      groupId: members.groupId,
      signal: AbortSignal.timeout(LONG),
      brokerOf: (platform) => members.node(platform).mqttUrl,
      party: (name) => members.party(name),
      as: (name, at) => members.as(name, { at }),
      send: (name, operations, also) => members.send(name, operations, also),
      product: ({ model }) => loadProduct(model),
      did: ({ name }) => members.party(`device/${name}`).did,
    };
    house = await playDemo(stage);

    // All four executed all of it, and anybody's trail of the plug holds the command that went from acme's node to borea's.
    const { height } = await members.agreed();
    expect(height).toBeGreaterThan(DEVICES.length);
    const plug = DEVICES.find(({ name }) => name === "plug");
    if (plug === undefined) throw new Error("the cast has no plug");
    const proof = await getTrailProof(members.as("delphi", { at: "borea" }), { about: stage.did(plug) });
    const { commands } = verifyProofFile(proof, { trust: members.groupId });
    expect(commands).toMatchObject([
      { command: { iss: members.party("acme").did }, receipt: { iss: members.party("borea").did, outcome: "done" } },
    ]);

    // What acme read at borea's node, everybody's replica has counted, and nobody's says what it was.
    for (const at of members.names) {
      const { items } = await query(members.as("delphi", { at }), "grants.byProvider", {
        provider: members.party("borea").did,
      });
      expect(items).toMatchObject([{ status: "revoked", used: 1, recipient: members.party("acme").did }]);
      expect(JSON.stringify(items)).not.toContain(stage.did(plug));
    }
  });
});
