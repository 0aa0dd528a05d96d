import type { Clock } from "#base";
import type { KeyStore } from "#crypto/node";
import { type DidResolver, makeCallbacks } from "#identity";
import type { NodeConfig } from "../config/config.ts";
import type { CredentialService } from "../credentials/credential-service.ts";
import { openHolder } from "../credentials/issuing-keys.ts";
import type { GroupService } from "../group-service.ts";
import { openConfigurations } from "./configurations.ts";
import { OpenidIssuer } from "./openid-issuer.ts";
import { OpenidVerifier } from "./openid-verifier.ts";

export interface OpenOpenidOptions {
  readonly config: NodeConfig;
  readonly keys: KeyStore;
  readonly groups: readonly GroupService[];
  readonly resolver: DidResolver;
  readonly credentials: CredentialService | undefined;
  /** Known once the node listens. */
  readonly url: () => string;
  readonly clock: Clock;
}

/** OpenID4VCI and OpenID4VP of a node, as far as its configuration has them. */
export interface OpenidService {
  readonly issuer: OpenidIssuer | undefined;
  readonly verifier: OpenidVerifier | undefined;
  readonly resolver: DidResolver;
}

/** @throws HansaError `node.config`, `node.key-missing` */
export async function openOpenid(options: OpenOpenidOptions): Promise<OpenidService | undefined> {
  const { keys, groups, resolver, credentials, clock } = options;
  const { identity, member } = options.config;
  const config = identity?.credentials;
  const { openid } = config ?? {};
  const [first] = groups;
  if (config === undefined || openid === undefined || credentials === undefined || first === undefined)
    return undefined;
  const url = () => (config.url ?? options.url()).replace(/\/$/, "");
  const source = { keys, member, alliance: first.ledger.genesis.alliance };
  const configurations = openConfigurations(openid.configurations ?? [], credentials);
  const asking = openid.verifier === undefined ? undefined : openHolder({ holder: openid.verifier }, source);
  const callbacks = await makeCallbacks({ signers: asking === undefined ? [] : [asking.signer] });
  return {
    resolver,
    issuer:
      configurations.size === 0
        ? undefined
        : new OpenidIssuer({ callbacks, configurations, credentials, clock, url, name: openid.name }),
    verifier:
      asking === undefined
        ? undefined
        : new OpenidVerifier({
            signer: asking.signer,
            callbacks,
            resolver,
            groups,
            status: credentials.status,
            contexts: credentials.contexts,
            clock,
            url,
          }),
  };
}
