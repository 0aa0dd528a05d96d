import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { compareText } from "#base";
import { decodeJoining } from "#protocol";
import { defineCommand } from "../../command.ts";
import { groupsOfHome } from "../../home/facts.ts";
import { readSmallText } from "../../home/founding-files.ts";

/** A group of the home. */
interface Listed {
  readonly name: string;
  readonly id: string | null;
  readonly alliance: string;
  readonly engine: "solo" | "cometbft" | null;
  /** `served`: the node runs it; `installed`: not in the configuration; `requested`: not founded yet. */
  readonly state: "served" | "installed" | "requested";
  readonly members: readonly { readonly did: string; readonly name: string }[];
  readonly validators: number;
}

export const groupList = defineCommand({
  name: "list",
  summary: "List the groups of this home: those that its node serves, and those that it asked to found. Needs no node.",
  examples: ["hansa group list", "hansa group list --home ./acme --json"],
  async run(shell) {
    const { homeAt, storedConfig } = await import("#node");
    const home = homeAt(shell.home);
    const served = new Set(storedConfig(home)?.groups.map(({ name }) => name));
    const founded = groupsOfHome(shell.home).map(({ name, id, genesis }): Listed => {
      const { engine, alliance, members } = genesis;
      return {
        name,
        id,
        alliance,
        engine: engine.kind,
        state: served.has(name) ? "served" : "installed",
        members: members.map(({ did, name: label }) => ({ did, name: label })),
        validators: engine.kind === "cometbft" ? engine.validators.length : 1,
      };
    });
    const items = [...founded, ...requestsOf(shell.home, new Set(founded.map(({ name }) => name)))];
    const rows = items.map(({ name, id, engine, state, members, validators }) => [
      name,
      engine ?? "",
      state,
      members.map((member) => member.name).join(", "),
      state === "requested" ? "" : String(validators),
      id === null ? "" : shell.id(id),
    ]);
    const headings = ["group", "engine", "state", "founders", "validators", "id"];
    return { json: { items }, text: shell.table(headings, rows, "no groups") };
  },
});

function requestsOf(home: string, founded: ReadonlySet<string>): Listed[] {
  const folder = join(home, "groups");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort(compareText)
    .filter((name) => !founded.has(name) && existsSync(join(folder, name, "joining.jws")))
    .map((name) => {
      const { alliance, member } = decodeJoining(readSmallText(join(folder, name, "joining.jws")));
      const members = [{ did: member.did, name: member.name }];
      return { name, id: null, alliance, engine: null, state: "requested", members, validators: 0 };
    });
}
