import { type EvidenceRecord, evidenceDocumentKey, evidenceKey, type Revocation } from "#protocol";
import { type Context, forbidden, type Handlers } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { EvidenceNeeds } from "./needs.ts";
import { readEvidence, readEvidenceDocument } from "./records.ts";

export function evidenceHandlers(needs: EvidenceNeeds): Handlers<"evidence"> {
  function requireEvidence({ state }: Context, root: string): EvidenceRecord {
    const record = readEvidence(state, root);
    if (record === undefined) throw refuse("evidence.unknown", `${root} was not anchored`, { root });
    return record;
  }

  /** What a revocation is of: a root, or one document below it. */
  function target(context: Context, root: string, index: number | undefined) {
    const record = requireEvidence(context, root);
    const { did } = signerOf(record, context.issuer);
    if (index === undefined)
      return {
        did,
        revoked: record.revoked,
        save: (revoked: Revocation | null) => context.state.put(evidenceKey(root), { ...record, revoked }),
        data: {},
      };
    if (index >= record.size)
      throw refuse("evidence.index", `${record.size} documents lie below ${root}`, { root, index, size: record.size });
    return {
      did,
      revoked: readEvidenceDocument(context.state, root, index)?.revoked ?? null,
      save: (revoked: Revocation | null) =>
        context.state.put(evidenceDocumentKey(root, index), { root, index, revoked }),
      data: { index },
    };
  }

  return {
    "evidence.anchor"(context, { root, size, note = null, signers = [] }) {
      const { state, issuer, time, parties } = context;
      if (!needs.isActiveMember(state, issuer)) throw forbidden("an active member of the group");
      // Whoever sees a root on its way and anchors it first keeps nothing from its maker: other salts, another root.
      if (readEvidence(state, root) !== undefined)
        throw refuse("evidence.exists", `${root} was anchored before`, { root });
      for (const did of signers)
        if (!needs.isLiveIdentity(state, did))
          throw refuse("evidence.unknown-identity", `${did} is not a live DID`, { did });
      // Only who was named signs: so the record stays small, and no stranger's name gets into it.
      const named = [...new Set([issuer, ...signers])];
      const record: EvidenceRecord = {
        root,
        size,
        note,
        issuer,
        signers: named.map((did) => ({ did, at: parties.has(did) ? time : null })),
        revoked: null,
        at: time,
      };
      state.put(evidenceKey(root), record);
      context.emit("evidence.anchored", [evidenceKey(root), ...named], { root, size });
    },

    "evidence.sign"(context, { root }) {
      const record = requireEvidence(context, root);
      const named = record.signers.filter(({ did }) => context.parties.has(did));
      if (named.length === 0)
        throw refuse("evidence.not-signer", `${context.issuer} was not named to sign ${root}`, { root });
      const fresh = named.filter(({ at }) => at === null).map(({ did }) => did);
      if (fresh.length === 0) throw refuse("evidence.signed", "signed already", { root });
      const signers = record.signers.map((signer) =>
        fresh.includes(signer.did) ? { ...signer, at: context.time } : signer,
      );
      context.state.put(evidenceKey(root), { ...record, signers });
      const missing = signers.filter(({ at }) => at === null).length;
      context.emit("evidence.signed", [evidenceKey(root), ...fresh], { root, signed: fresh, missing });
    },

    "evidence.revoke"(context, { root, index, reason = null }) {
      const { did, revoked, save, data } = target(context, root, index);
      if (revoked !== null) throw refuse("evidence.revoked", `${revoked.by} revoked it`, { root, by: revoked.by });
      save({ by: did, reason, at: context.time });
      context.emit("evidence.revoked", [evidenceKey(root), did], {
        root,
        ...data,
        ...(reason === null ? {} : { reason }),
      });
    },

    "evidence.unrevoke"(context, { root, index }) {
      const { did, revoked, save, data } = target(context, root, index);
      if (revoked === null) throw refuse("evidence.not-revoked", "it is not revoked", { root });
      if (revoked.by !== did) throw refuse("evidence.not-revoker", `${revoked.by} revoked it`, { by: revoked.by });
      save(null);
      context.emit("evidence.unrevoked", [evidenceKey(root), did], { root, ...data });
    },
  };
}

/** Who signed may revoke, too: it is his word that others rely on. */
function signerOf({ root, signers }: EvidenceRecord, issuer: string): { readonly did: string } {
  const signer = signers.find(({ did, at }) => did === issuer && at !== null);
  if (signer === undefined) throw refuse("evidence.not-signer", `${issuer} did not sign ${root}`, { root });
  return signer;
}
