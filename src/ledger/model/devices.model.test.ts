import fc from "fast-check";
import { it } from "vitest";
import type { DeviceView } from "#protocol";
import { type Actor, actor, digestOfText, lab, MODEL, maker, north, south } from "../alliance.suite.ts";
import { holdAgainstModel, type Model, type Step } from "./model.suite.ts";

const device = actor("lamp");
const owners = [actor("owner"), actor("buyer")] as const;
const NONCES = ["one", "two", "three"].map((name) => digestOfText(name));
const CHALLENGE_SECONDS = 20;

class DevicesModel implements Model {
  status = "none";
  operator = "";
  owner = "";
  times = 0;
  used = new Set<string>();
  challenge: { nonce: string; ends: number } | undefined;
  recalledBy = "";
  certified = true;

  apply({ signers, operation: { op, args } }: Step, time: number): string | 0 {
    const [issuer] = signers as [Actor];
    const guardian = issuer.did === this.operator || issuer === maker || issuer === lab;
    const there = this.status !== "none";
    switch (op) {
      case "devices.enrol":
        if (issuer !== north && issuer !== south) return "kernel.forbidden";
        if (there) return "devices.exists";
        this.status = "enrolled";
        this.operator = issuer.did;
        this.owner = args["owner"] as string;
        this.times = 1;
        return 0;
      case "devices.challenge": {
        const nonce = args["nonce"] as string;
        if (issuer !== north && issuer !== south) return "kernel.forbidden";
        if (!there) return "devices.unknown";
        if (issuer.did !== this.operator) return "kernel.forbidden";
        if (this.status === "revoked") return "devices.state";
        if (this.used.has(nonce)) return "devices.nonce-reused";
        this.used.add(nonce);
        this.challenge = { nonce, ends: time + CHALLENGE_SECONDS * 1000 };
        return 0;
      }
      case "devices.admit": {
        if (issuer !== north && issuer !== south) return "kernel.forbidden";
        if (!there) return "devices.unknown";
        if (issuer.did !== this.operator) return "kernel.forbidden";
        if (this.status !== "enrolled" && this.status !== "admitted") return "devices.state";
        // All attestations of this test are for north.
        if (issuer !== north) return "devices.bad-attestation";
        const claims = JSON.parse(
          Buffer.from((args["attestation"] as string).split(".")[1] as string, "base64url").toString(),
        );
        if (this.challenge?.nonce !== claims.nonce) return "devices.no-challenge";
        if (time >= (this.challenge?.ends ?? 0)) return "devices.challenge-expired";
        if (this.recalledBy !== "") return "devices.recalled";
        if (!this.certified) return "devices.uncertified";
        this.challenge = undefined;
        this.status = "admitted";
        return 0;
      }
      case "devices.quarantine":
        if (!there) return "devices.unknown";
        if (!guardian) return "kernel.forbidden";
        if (this.status !== "enrolled" && this.status !== "admitted") return "devices.state";
        this.status = "quarantined";
        return 0;
      case "devices.release":
        if (!there) return "devices.unknown";
        if (!guardian) return "kernel.forbidden";
        if (this.status !== "quarantined") return "devices.state";
        this.status = "enrolled";
        return 0;
      case "devices.revoke":
        if (!there) return "devices.unknown";
        if (!guardian) return "kernel.forbidden";
        if (this.status === "revoked") return "devices.state";
        this.status = "revoked";
        return 0;
      case "devices.transfer": {
        const dids = signers.map(({ did }) => did);
        if (!there) return "devices.unknown";
        if (this.status === "revoked") return "devices.state";
        if (!dids.includes(this.owner) || !dids.includes(args["to"] as string)) return "kernel.forbidden";
        this.owner = args["to"] as string;
        this.times++;
        return 0;
      }
      case "devices.recall":
        if (issuer !== maker && issuer !== lab) return "kernel.forbidden";
        if (this.recalledBy !== "") return "devices.recalled";
        this.recalledBy = issuer.did;
        return 0;
      case "devices.liftRecall":
        if (this.recalledBy === "") return "devices.state";
        if (issuer !== lab && issuer.did !== this.recalledBy) return "kernel.forbidden";
        this.recalledBy = "";
        return 0;
      default:
        if (issuer !== lab) return "kernel.forbidden";
        this.certified = args["status"] === "certified";
        return 0;
    }
  }

  expected() {
    if (this.status === "none") return undefined;
    const cut = this.recalledBy !== "" ? "recalled" : this.certified ? "admitted" : "uncertified";
    return {
      status: this.status,
      effective: this.status === "admitted" ? cut : this.status,
      owner: this.owner,
      ownership: this.times,
    };
  }
}

it("devices behave as the model of admission does", () => {
  const one = fc.constantFrom(north, north, north, south, maker, lab, owners[0]).map((by): Actor[] => [by]);
  const operators = fc.constantFrom(...Array(8).fill(north), south, maker).map((by): Actor[] => [by]);
  const judges = fc.constantFrom(lab, lab, maker, north).map((by): Actor[] => [by]);
  const both = fc.subarray([...owners], { minLength: 1 });
  const nonce = fc.constantFrom(...NONCES);
  holdAgainstModel({
    parameters: { challengeSeconds: CHALLENGE_SECONDS },
    prepare: (alliance) => {
      alliance.introduce(device, ...owners);
      alliance.defineModel();
    },
    model: () => new DevicesModel(),
    read: ({ ledger }) => {
      const list = ledger.query("devices.list", {}) as { items: DeviceView[] };
      const found = list.items[0];
      if (found === undefined) return undefined;
      const { status, effective, owner, ownership } = found;
      return { status, effective, owner, ownership };
    },
    step: (alliance) => {
      const did = device.did;
      const owner = fc.constantFrom(...owners).map((who) => who.did);
      const far = alliance.seconds + 1_000_000;
      const certificate = alliance.certificate(device);
      const plain = fc.constant({ device: did });
      const blamed = fc.constant({ device: did, reason: "why" });
      const model = fc.constant({ model: MODEL });
      const verdict = fc
        .constantFrom("certified", "certified", "certified", "revoked", "provisional")
        .map((status) => ({
          model: MODEL,
          firmware: "1.0.0",
          status,
          evidence: digestOfText("report"),
          until: far + 1,
        }));
      const admit = nonce.map((given) => ({
        device: did,
        attestation: alliance.attestation(device, given),
        until: far,
      }));
      const steps: [number, string, fc.Arbitrary<Actor[]>, fc.Arbitrary<object>][] = [
        [3, "devices.enrol", operators, owner.map((who) => ({ device: did, certificate, owner: who }))],
        [6, "devices.challenge", operators, nonce.map((given) => ({ device: did, nonce: given }))],
        [9, "devices.admit", operators, admit],
        [1, "devices.quarantine", one, blamed],
        [2, "devices.release", one, plain],
        [1, "devices.revoke", one, blamed],
        [3, "devices.transfer", both, owner.map((to) => ({ device: did, to }))],
        [1, "devices.recall", judges, model.map((which) => ({ ...which, reason: "why" }))],
        [2, "devices.liftRecall", judges, model],
        [3, "devices.certify", judges, verdict],
      ];
      return fc.oneof(
        ...steps.map(([weight, op, signers, args]) => ({
          weight,
          arbitrary: fc.record({ signers, args }).map((made) => ({
            signers: made.signers,
            operation: { op, args: made.args as never },
          })),
        })),
      );
    },
    runs: 300,
    reaches: [
      "kernel.forbidden",
      "devices.exists",
      "devices.unknown",
      "devices.state",
      "devices.bad-attestation",
      "devices.no-challenge",
      "devices.challenge-expired",
      "devices.uncertified",
      "devices.recalled",
      "devices.nonce-reused",
    ],
  });
}, 120_000);
