import { encodeProof, getTrail, getTrailProof, type TrailStep, verifyProofFile } from "#sdk";
import { defineCommand } from "../command.ts";
import { writeNewFile } from "../home/files.ts";
import { loadIdentities } from "../home/identities.ts";
import { parseCount } from "../parse.ts";
import type { Shell } from "../shell.ts";

export const trail = defineCommand<[about: string], { limit: number; proof?: string }>({
  name: "trail",
  summary:
    "Show what happened to a device, member, linkage, topic or grant; with --proof as one file that anybody can verify.",
  arguments: [
    {
      name: "<about>",
      description:
        "DID, linkage id, topic, or identity of the home; model/<model>, root/<key>, proposal/<number>, node/<id>, issuer/<type>/<DID>, schema/<schema>, status/<DID>/<list>, evidence/<root>, grant/<id>",
    },
  ],
  options: [
    { flags: "--limit <count>", description: "how many steps at most", parse: parseCount, default: 1000 },
    { flags: "--proof <file>", description: "write the proof file" },
  ],
  examples: [
    "hansa trail lamp",
    "hansa trail model/acme/T1",
    "hansa trail lk_3QJmV3qfvL9SuYo34YihAf3sRCW3 --proof trail.json && hansa verify trail.json",
  ],
  async run(shell, { limit, proof }, given) {
    const about = await subjectOf(shell, given);
    const call = { signal: shell.io.signal };
    if (proof !== undefined) {
      const file = await getTrailProof(shell.client, { about }, call);
      // A node that hands out a broken proof is found out now, and not when it is needed.
      const { entries, records, group } = verifyProofFile(file);
      const text = encodeProof(file);
      writeNewFile(shell.path(proof), `${text}\n`);
      return {
        json: { file: proof, about, group, entries: entries.length, records: records.length, bytes: text.length },
        text: `${proof}: ${entries.length} transactions and ${records.length} records about ${shell.id(about)}, ${text.length} bytes\n${shell.paint("dim", `Anybody verifies it with: hansa verify ${proof} --trust ${group}`)}`,
      };
    }
    const items: TrailStep[] = [];
    let after: string | undefined;
    do {
      const asked = Math.min(1000, limit - items.length);
      const page = await getTrail(shell.client, { about, limit: asked, after }, call);
      items.push(...page.items);
      if (page.next === after) break;
      after = page.next;
    } while (after !== undefined && items.length < limit);
    const rows = items.flatMap(({ height, time, facts, signers }) =>
      facts.map(({ fact, data }) => [
        String(height),
        shell.time(time),
        fact,
        shell.value(data),
        signers.map((did) => shell.id(did)).join(", "),
      ]),
    );
    return {
      json: { about, items },
      text: shell.table(["block", "time", "fact", "data", "signed by"], rows, "nothing happened"),
    };
  },
});

/** What facts call a subject: DIDs and linkages by themselves, everything else behind the name of its kind. */
async function subjectOf(shell: Shell, given: string): Promise<string> {
  if (/^(did:|lk_|(topic|model|root|proposal|node|issuer|schema|status|evidence|grant)\/)/.test(given)) return given;
  if (Object.hasOwn(loadIdentities(shell.home).identities, given)) return shell.did(given);
  // A topic of one level looks like a name of the home, and only the key file could tell: no passphrase is asked for here.
  return `topic/${given}`;
}
