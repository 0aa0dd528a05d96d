import fc from "fast-check";
import { it } from "vitest";
import type { EvidenceDocumentRecord, EvidenceRecord } from "#protocol";
import { type Actor, actor, digestOfText, lab, maker, north, stranger } from "../alliance.suite.ts";
import { holdAgainstModel, type Model, type Step, someOf } from "./model.suite.ts";

const anna = actor("anna");
const ROOTS = [digestOfText("root 1"), digestOfText("root 2")];

interface Evidence {
  size: number;
  named: string[];
  signed: Set<string>;
  /** By index, or `all`. */
  revoked: Map<number | "all", string>;
}

class EvidenceModel implements Model {
  all = new Map<string, Evidence>();

  apply({ signers, operation: { op, args } }: Step): string | 0 {
    if (signers.includes(stranger)) return "transaction.unknown-key";
    const dids = signers.map(({ did }) => did);
    const [issuer] = signers as [Actor];
    const given = args as unknown as { root: string; size: number; index?: number; signers?: string[] };
    const known = this.all.get(given.root);
    if (op === "evidence.anchor") {
      if (issuer === anna) return "kernel.forbidden";
      if (known !== undefined) return "evidence.exists";
      if (given.signers?.includes(stranger.did)) return "evidence.unknown-identity";
      const named = [...new Set([issuer.did, ...(given.signers ?? [])])];
      const signed = new Set(named.filter((did) => dids.includes(did)));
      this.all.set(given.root, { size: given.size, named, signed, revoked: new Map() });
      return 0;
    }
    if (known === undefined) return "evidence.unknown";
    if (op === "evidence.sign") {
      const able = dids.filter((did) => known.named.includes(did));
      if (able.length === 0) return "evidence.not-signer";
      if (able.every((did) => known.signed.has(did))) return "evidence.signed";
      for (const did of able) known.signed.add(did);
      return 0;
    }
    if (!known.signed.has(issuer.did)) return "evidence.not-signer";
    if (given.index !== undefined && given.index >= known.size) return "evidence.index";
    const what = given.index ?? "all";
    const by = known.revoked.get(what);
    if (op === "evidence.revoke") {
      if (by !== undefined) return "evidence.revoked";
      known.revoked.set(what, issuer.did);
      return 0;
    }
    if (by === undefined) return "evidence.not-revoked";
    if (by !== issuer.did) return "evidence.not-revoker";
    known.revoked.delete(what);
    return 0;
  }

  expected() {
    return ROOTS.flatMap((root) => {
      const it = this.all.get(root);
      if (it === undefined) return [];
      const revoked = [0, 1, 2, "all" as const].map((what) => it.revoked.get(what) ?? null);
      return [[root, it.size, it.named, it.named.filter((did) => it.signed.has(did)), revoked]];
    });
  }
}

it("evidence behaves as the model of signatures and revocations does", () => {
  const who = fc.oneof(
    { weight: 5, arbitrary: someOf([lab, maker, anna]) },
    { weight: 1, arbitrary: someOf([north, anna, stranger]) },
  );
  const root = fc.constantFrom(...ROOTS);
  const index = fc.nat(2);
  const args = {
    "evidence.anchor": fc.record(
      {
        root,
        size: fc.integer({ min: 1, max: 3 }),
        signers: someOf([lab.did, maker.did, anna.did, stranger.did]),
      },
      { requiredKeys: ["root", "size"] },
    ),
    "evidence.sign": fc.record({ root }),
    "evidence.revoke": fc.record({ root, index }, { requiredKeys: ["root"] }),
    "evidence.unrevoke": fc.record({ root, index }, { requiredKeys: ["root"] }),
  };
  holdAgainstModel({
    prepare: (alliance) => alliance.introduce(anna),
    model: () => new EvidenceModel(),
    read: ({ ledger: { state } }) =>
      ROOTS.flatMap((name) => {
        const record = state.get<EvidenceRecord>(`evidence/${name}`);
        if (record === undefined) return [];
        const own = [0, 1, 2].map(
          (i) => state.get<EvidenceDocumentRecord>(`document/${name}/${i}`)?.revoked?.by ?? null,
        );
        return [
          [
            name,
            record.size,
            record.signers.map(({ did }) => did),
            record.signers.filter(({ at }) => at !== null).map(({ did }) => did),
            [...own, record.revoked?.by ?? null],
          ],
        ];
      }),
    step: () =>
      fc.constantFrom(...(Object.keys(args) as (keyof typeof args)[]), "evidence.anchor" as const).chain((op) =>
        fc.record({ signers: who, args: args[op] as fc.Arbitrary<object> }).map((made) => ({
          signers: made.signers,
          operation: { op, args: made.args as never },
        })),
      ),
    runs: 300,
    reaches: [
      "evidence.unknown",
      "evidence.exists",
      "evidence.unknown-identity",
      "evidence.not-signer",
      "evidence.signed",
      "evidence.revoked",
      "evidence.not-revoked",
      "evidence.not-revoker",
      "evidence.index",
      "kernel.forbidden",
      "transaction.unknown-key",
    ],
  });
}, 120_000);
