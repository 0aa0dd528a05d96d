import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeHex, encodeUtf8, isHansaError } from "#base";
import { sha256 } from "#crypto/backend";
import { IndexedTree, type TreeChange, type TreeRecord } from "./indexed-tree.ts";
import { depthOf, hashLeaf, hashRoot, type MembershipProof, verifyMembership } from "./membership.ts";

const digestOf = (text: string) => sha256(encodeUtf8(text));
const put = (key: string, value = key): TreeChange => ({ key, digest: digestOf(value) });
const drop = (key: string): TreeChange => ({ key, digest: null });

/** The tree's definition, written down plainly: everything hashed anew from the records. */
class Model {
  records = new Map<string, { slot: number; digest: Uint8Array | null }>();

  apply(changes: readonly TreeChange[]): number[] {
    return changes.map(({ key, digest }) => {
      const known = this.records.get(key);
      if (known !== undefined) {
        if (known.digest === null && digest === null) return -1;
        known.digest = digest;
        return known.slot;
      }
      if (digest === null) return -1;
      this.records.set(key, { slot: this.records.size + 1, digest });
      return this.records.size;
    });
  }

  present(): string[] {
    return [...this.records].flatMap(([key, { digest }]) => (digest === null ? [] : [key])).sort();
  }

  stored(): TreeRecord[] {
    return [...this.records].map(([key, { slot, digest }]) => ({ key, slot, digest }));
  }

  root(): Uint8Array {
    const slots = this.records.size + 1;
    const keys = ["", ...this.present()];
    let level: Uint8Array[] = Array.from({ length: 2 ** depthOf(slots) }, () => new Uint8Array(32));
    keys.forEach((key, i) => {
      const record = this.records.get(key);
      level[record?.slot ?? 0] = hashLeaf(key, keys[i + 1] ?? "", record?.digest ?? new Uint8Array(32));
    });
    while (level.length > 1)
      level = Array.from({ length: level.length / 2 }, (_, i) =>
        sha256(Uint8Array.from([...(level[2 * i] as Uint8Array), ...(level[2 * i + 1] as Uint8Array)])),
      );
    return hashRoot(slots, level[0] as Uint8Array);
  }
}

const text = (length: number) =>
  fc.string({ unit: fc.constantFrom("a", "b", "/", "~", " "), minLength: 1, maxLength: length });
const changesOf = (length: number, most = 24) =>
  fc.uniqueArray(
    fc.record({ key: text(length), digest: fc.oneof(fc.constant(null), fc.nat().map(String).map(digestOf)) }),
    { selector: (change) => change.key, maxLength: most },
  );
const history = fc.array(changesOf(3), { minLength: 1, maxLength: 10 });

function built(history: readonly (readonly TreeChange[])[]): { tree: IndexedTree; model: Model } {
  const tree = new IndexedTree();
  const model = new Model();
  for (const changes of history) {
    expect(tree.apply(changes).slots).toEqual(model.apply(changes));
  }
  return { tree, model };
}

describe("IndexedTree", () => {
  it("has the root that hashing everything anew gives, after any history of batches", () => {
    fc.assert(
      fc.property(history, (batches) => {
        const tree = new IndexedTree();
        const model = new Model();
        for (const changes of batches) {
          const { root, slots } = tree.apply(changes);
          expect(slots).toEqual(model.apply(changes));
          expect(encodeHex(root)).toBe(encodeHex(model.root()));
          expect(tree.root()).toEqual(root);
          expect([...tree.keysFrom("")]).toEqual(model.present());
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is rebuilt from its records in any order, and goes on from there alike", () => {
    fc.assert(
      fc.property(history, changesOf(3), fc.boolean(), (batches, more, reversed) => {
        const { tree, model } = built(batches);
        const stored = model.stored();
        const again = IndexedTree.build(reversed ? stored.reverse() : stored);
        expect(again.root()).toEqual(tree.root());
        expect(again.apply(more)).toEqual(tree.apply(more));
        expect(again.slotCount).toBe(tree.slotCount);
      }),
    );
  });

  it("gives one root however the same changes are cut into batches", () => {
    fc.assert(
      fc.property(changesOf(4), fc.nat(24), (changes, cut) => {
        const whole = built([changes]).tree;
        const parts = built([changes.slice(0, cut), changes.slice(cut)]).tree;
        expect(parts.root()).toEqual(whole.root());
      }),
    );
  });

  it("leaves no trace of staged changes that are dropped, and makes the staged root on commit", () => {
    fc.assert(
      fc.property(history, changesOf(3), changesOf(3), (batches, dropped, kept) => {
        const { tree, model } = built(batches);
        const before = { root: tree.root(), slots: tree.slotCount, keys: [...tree.keysFrom("")] };
        tree.stage(dropped);
        expect({ root: tree.root(), slots: tree.slotCount, keys: [...tree.keysFrom("")] }).toEqual(before);
        const staged = tree.stage(kept);
        expect(staged.slots).toEqual(model.apply(kept));
        staged.commit();
        expect(tree.root()).toEqual(staged.root);
        expect(tree.root()).toEqual(model.root());
      }),
    );
  });

  it("commits what was staged even where the caller reuses its arrays", () => {
    const digest = digestOf("first");
    const changes = [{ key: "a", digest }];
    const tree = new IndexedTree();
    const staged = tree.stage(changes);
    digest.fill(7);
    changes[0] = { key: "b", digest };
    staged.commit();
    expect(tree.digestOf("a")).toEqual(digestOf("first"));
    expect(verifyMembership(tree.root(), tree.prove("a"))).toBe(true);
  });

  it("refuses to commit twice, or after another commit", () => {
    const tree = new IndexedTree();
    const first = tree.stage([put("a")]);
    const second = tree.stage([put("b")]);
    first.commit();
    for (const stale of [first, second])
      expect(() => stale.commit()).toThrowError(expect.objectContaining({ code: "crypto.tree-stale" }));
  });

  it("proves every present key present and every other one absent", () => {
    fc.assert(
      fc.property(history, fc.array(text(4), { maxLength: 20 }), (batches, others) => {
        const { tree, model } = built(batches);
        const present = new Set(model.present());
        for (const key of [...model.records.keys(), ...others]) {
          const proof = tree.prove(key);
          expect(proof.kind).toBe(present.has(key) ? "presence" : "absence");
          expect(proof.kind === "presence" ? proof.leaf.key : proof.key).toBe(key);
          expect(verifyMembership(tree.root(), proof)).toBe(true);
          expect(verifyMembership(tree.root(), JSON.parse(JSON.stringify(proof)))).toBe(true);
          expect(tree.has(key)).toBe(present.has(key));
          expect(tree.slotOf(key)).toBe(present.has(key) ? model.records.get(key)?.slot : undefined);
        }
      }),
    );
  });

  it("refuses a proof with any character or number changed, unless the absence that it then states is true", () => {
    fc.assert(
      fc.property(history, text(3), fc.nat(), fc.integer({ min: 1, max: 94 }), (batches, key, where, by) => {
        const { tree } = built(batches);
        const proof = tree.prove(key);
        const forged = JSON.parse(JSON.stringify(proof)) as MembershipProof;
        const changed = alter(forged, where, by);
        const stillTrue =
          changed === "statement" &&
          forged.kind === "absence" &&
          tree.prove(forged.key).kind === "absence" &&
          forged.leaf.slot === tree.prove(forged.key).leaf.slot;
        expect(verifyMembership(tree.root(), forged)).toBe(stillTrue);
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses a proof under the root of any other state", () => {
    const tree = new IndexedTree();
    tree.apply([put("a"), put("c")]);
    const absent = tree.prove("b");
    const present = tree.prove("a");
    tree.apply([put("b"), put("a", "new")]);
    expect(verifyMembership(tree.root(), absent)).toBe(false);
    expect(verifyMembership(tree.root(), present)).toBe(false);
  });

  it("does not take the sentinel for a present key, nor a neighbour's leaf for absence of itself", () => {
    const tree = new IndexedTree();
    tree.apply([put("b")]);
    const { leaf } = tree.prove("a");
    expect(leaf.key).toBe("");
    expect(verifyMembership(tree.root(), { kind: "presence", leaf })).toBe(false);
    expect(verifyMembership(tree.root(), { kind: "absence", key: "b", leaf })).toBe(false);
    expect(verifyMembership(tree.root(), { kind: "absence", key: "b", leaf: tree.prove("b").leaf })).toBe(false);
    expect(verifyMembership(tree.root(), { kind: "absence", key: "", leaf })).toBe(false);
  });

  it("answers false to garbage of any shape and throws at none", () => {
    const tree = new IndexedTree();
    tree.apply([put("a"), put("b")]);
    const good = tree.prove("a");
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom("proof", "leaf", "key", "slot", "path", "slots"), (junk, where) => {
        const garbage = (
          where === "proof"
            ? junk
            : where === "leaf"
              ? { ...good, leaf: junk }
              : { ...good, leaf: { ...good.leaf, [where]: junk } }
        ) as MembershipProof;
        fc.pre(JSON.stringify(garbage) !== JSON.stringify(good));
        expect(verifyMembership(tree.root(), garbage)).toBe(false);
      }),
    );
    const hostile = {
      kind: "presence" as const,
      get leaf(): never {
        throw new Error("no");
      },
    };
    expect(verifyMembership(tree.root(), hostile)).toBe(false);
    expect(verifyMembership(tree.root(), { ...good, note: 1 } as unknown as MembershipProof)).toBe(false);
    expect(
      verifyMembership(tree.root(), { ...good, leaf: { ...good.leaf, note: 1 } } as unknown as MembershipProof),
    ).toBe(false);
    expect(verifyMembership(undefined as unknown as Uint8Array, good)).toBe(false);
  });

  it("keeps a deleted key's slot and gives it back when the key returns", () => {
    const tree = new IndexedTree();
    expect(tree.apply([put("a"), put("b"), put("c")]).slots).toEqual([1, 2, 3]);
    const before = tree.root();
    expect(tree.apply([drop("b")]).slots).toEqual([2]);
    expect(tree.apply([put("d"), put("b"), drop("x")]).slots).toEqual([4, 2, -1]);
    expect(tree.slotCount).toBe(5);
    expect(tree.apply([drop("d")]).root).not.toEqual(before);
    expect(tree.size).toBe(3);
  });

  it("changes nothing for an empty batch and for deleting what is not there", () => {
    const tree = new IndexedTree();
    tree.apply([put("a")]);
    const root = tree.root();
    expect(tree.apply([]).root).toEqual(root);
    expect(tree.apply([drop("b")])).toEqual({ root, slots: [-1] });
  });

  it("lists keys of a prefix in order, from any point, while keys come and go", () => {
    const tree = new IndexedTree();
    tree.apply(["a/1", "a/2", "a/3", "b/1", "a"].map((key) => put(key)));
    expect([...tree.keysFrom("a/")]).toEqual(["a/1", "a/2", "a/3"]);
    expect([...tree.keysFrom("a")]).toEqual(["a", "a/1", "a/2", "a/3"]);
    expect([...tree.keysFrom("a/", "a/1")]).toEqual(["a/2", "a/3"]);
    expect([...tree.keysFrom("a/", "b")]).toEqual([]);
    expect([...tree.keysFrom("a/", "A")]).toEqual(["a/1", "a/2", "a/3"]);
    const seen: string[] = [];
    for (const key of tree.keysFrom("a/")) {
      seen.push(key);
      if (key === "a/1") tree.apply([drop("a/1"), drop("a/2"), put("a/25")]);
    }
    expect(seen).toEqual(["a/1", "a/25", "a/3"]);
  });

  it("agrees with the model over thousands of keys, where chunks split and pages fill", () => {
    const tree = new IndexedTree();
    const model = new Model();
    // A fixed linear congruence: spread keys, the same at every run.
    let seed = 12345;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return seed % below;
    };
    for (let block = 0; block < 40; block++) {
      const changes = new Map<string, TreeChange>();
      for (let i = 0; i < 300; i++) {
        const key = `devices/${random(9000)}/record`;
        changes.set(key, random(4) === 0 ? drop(key) : put(key, `${block}`));
      }
      const batch = [...changes.values()];
      expect(tree.apply(batch).slots).toEqual(model.apply(batch));
    }
    expect(encodeHex(tree.root())).toBe(encodeHex(model.root()));
    expect([...tree.keysFrom("")]).toEqual(model.present());
    const again = IndexedTree.build(model.stored());
    expect(again.root()).toEqual(tree.root());
    // A run of neighbours goes at once, so that the links must jump over it.
    const gone = model.present().slice(100, 2000).map(drop);
    model.apply(gone);
    expect(encodeHex(tree.apply(gone).root)).toBe(encodeHex(model.root()));
    expect(encodeHex(again.apply(gone).root)).toBe(encodeHex(model.root()));
  });

  it("refuses what is not a key, not a digest, or named twice, and stays as it was", () => {
    const tree = new IndexedTree();
    tree.apply([put("a")]);
    const root = tree.root();
    const code = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        return isHansaError(error) ? error.code : String(error);
      }
      return "nothing";
    };
    for (const key of ["", "é", "a\n", "a".repeat(201), "\u0000"]) {
      expect(code(() => tree.apply([put("b"), { key, digest: digestOf("x") }]))).toBe("crypto.tree-key");
      expect(code(() => tree.apply([put("b"), { key, digest: null }]))).toBe("crypto.tree-key");
      expect(code(() => tree.prove(key))).toBe("crypto.tree-key");
    }
    expect(code(() => tree.apply([put("b"), put("c"), put("b")]))).toBe("crypto.tree-duplicate");
    expect(code(() => tree.apply([drop("b"), put("b")]))).toBe("crypto.tree-duplicate");
    expect(code(() => tree.apply([{ key: "b", digest: new Uint8Array(31) }]))).toBe("crypto.tree-digest");
    expect(tree.root()).toEqual(root);
    const record = (slot: number, key: string) => ({ slot, key, digest: digestOf(key) });
    expect(code(() => IndexedTree.build([record(1, "a"), record(3, "b")]))).toBe("crypto.tree-records");
    expect(code(() => IndexedTree.build([record(1, "a"), record(1, "b")]))).toBe("crypto.tree-records");
    expect(code(() => IndexedTree.build([record(0, "a")]))).toBe("crypto.tree-records");
    expect(code(() => IndexedTree.build([record(1, "a"), record(2, "a")]))).toBe("crypto.tree-duplicate");
    expect(code(() => IndexedTree.build([record(1, "a"), { slot: 2, key: "a", digest: null }]))).toBe(
      "crypto.tree-duplicate",
    );
    expect(code(() => IndexedTree.build([record(1, "")]))).toBe("crypto.tree-key");
  });

  it("never hashes a leaf of 64 bytes, the length of a node", () => {
    // Same bytes behind the tag would be a node's preimage if the tag were one byte: the sum of both keys is 27 then.
    const key = "k".repeat(27);
    const preimage = new Uint8Array(64);
    preimage[2] = 27;
    preimage.set(encodeUtf8(key), 3);
    preimage.set(digestOf("v"), 32);
    expect(hashLeaf(key, "", digestOf("v"))).not.toEqual(sha256(preimage));
  });
});

/** Changes one character or number of a proof; says which member. */
function alter(proof: MembershipProof, where: number, by: number): string {
  const spin = (value: string) => {
    if (value === "") return "!";
    const at = where % value.length;
    const code = 0x20 + ((value.charCodeAt(at) - 0x20 + by) % 95);
    return value.slice(0, at) + String.fromCharCode(code) + value.slice(at + 1);
  };
  const leaf = proof.leaf as { -readonly [Name in keyof typeof proof.leaf]: (typeof proof.leaf)[Name] };
  const members = ["slot", "key", "next", "valueDigest", "slots", "kind", "path"];
  if (proof.kind === "absence") members.push("key of absence");
  const member = members[where % members.length] as string;
  if (member === "slot" || member === "slots") leaf[member] += where % 2 === 0 ? by : -by;
  else if (member === "key" || member === "next" || member === "valueDigest") leaf[member] = spin(leaf[member]);
  else if (member === "kind") (proof as { kind: string }).kind = spin(proof.kind);
  else if (member === "path") {
    const path = [...leaf.path];
    const at = where % Math.max(1, path.length);
    path[at] = spin(path[at] ?? "");
    leaf.path = path;
  } else {
    (proof as { key: string }).key = spin((proof as { key: string }).key);
    return "statement";
  }
  return member;
}
