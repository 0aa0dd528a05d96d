import { type DidLedger, DidResolver, HansaMethod, keyMethod, WebMethod } from "#identity";
import { type Ledger, readIdentity } from "#ledger";
import type { IdentityRecord } from "#protocol";
import type { NodeConfig } from "./config/config.ts";

interface ServedGroup {
  readonly name: string;
  readonly ledger: Ledger;
}

/** The resolver of a node: `did:hansa` of the groups that it serves, `did:key`, and `did:web` where the configuration says so. */
export function nodeResolver(groups: readonly ServedGroup[], config: NodeConfig["identity"]): DidResolver {
  const web = config?.didWeb === true ? [new WebMethod({ privateHosts: config.privateHosts })] : [];
  return new DidResolver([new HansaMethod(groups.map(didLedger)), keyMethod, ...web]);
}

function didLedger({ name, ledger }: ServedGroup): DidLedger {
  return {
    id: ledger.group.id,
    name,
    alliance: ledger.genesis.alliance,
    get height() {
      return ledger.height;
    },
    identity: (did) => readIdentity(ledger.state, did),
    history: (did) =>
      ledger.versions<IdentityRecord>(`identity/${did}`).flatMap(({ value }) => (value === null ? [] : [value])),
  };
}
