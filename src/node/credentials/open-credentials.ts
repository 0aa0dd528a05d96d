import { readFileSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import { type Clock, isHansaError, type JsonObject, parseJson } from "#base";
import type { KeyStore } from "#crypto/node";
import { addContexts, type ContextSource, type DidResolver } from "#identity";
import { isActiveMember } from "#ledger";
import type { StatusListRecord } from "#protocol";
import type { NodeConfig } from "../config/config.ts";
import type { CredentialsConfig } from "../config/credentials-config.ts";
import { nodeError } from "../errors.ts";
import type { GroupService } from "../group-service.ts";
import type { Log } from "../log.ts";
import { CredentialService } from "./credential-service.ts";
import { StatusAnchor } from "./status-anchor.ts";

export interface OpenCredentialsOptions {
  /** Folder of the home, where files of contexts are. */
  readonly folder: string;
  readonly config: NodeConfig;
  readonly keys: KeyStore;
  readonly groups: readonly GroupService[];
  readonly resolver: DidResolver;
  /** Known once the node listens. */
  readonly url: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface OpenCredentials {
  readonly service: CredentialService;
  /** Begins to anchor status lists. */
  start(): void;
  close(): Promise<void>;
}

/**
 * The VC API of a node whose configuration has one.
 *
 * @throws HansaError `node.config`, `node.key-missing`
 */
export function openCredentials(options: OpenCredentialsOptions): OpenCredentials | undefined {
  const { folder, keys, groups, resolver, url, clock, log } = options;
  const { identity, member } = options.config;
  const config = identity?.credentials;
  if (config === undefined) return undefined;
  const group = config.group === undefined ? groups[0] : groups.find(({ name }) => name === config.group);
  if (group === undefined)
    throw nodeError("node.config", `config: the node is in no group ${config.group}`, {
      path: "/identity/credentials/group",
    });
  const privateHosts = identity?.privateHosts ?? [];
  const contexts = readContexts(folder, config);
  const [own] = group.hosted;
  const published = (list: string) =>
    own === undefined ? 0 : (group.ledger.state.get<StatusListRecord>(`status/${own.did}/${list}`)?.version ?? 0);
  const shared = { config, keys, member, group, groups, resolver, url, clock };
  const service = new CredentialService({ ...shared, contexts, published, privateHosts });
  const anchor = new StatusAnchor({
    lists: service.lists,
    clock,
    log,
    published,
    may: () => own !== undefined && isActiveMember(group.ledger.state, own.did),
    send: (operations) => {
      if (own === undefined) throw nodeError("node.config", "the node has no member", { path: "/member" });
      return group.submission.send(operations, own.did, own.key);
    },
  });
  const close = () => {
    anchor.stop();
    return service.close();
  };
  return { service, start: () => anchor.start(), close };
}

/** @throws HansaError `node.config` where a file cannot be read, or holds no context */
function readContexts(folder: string, { contexts = [] }: CredentialsConfig): ContextSource {
  const read = contexts.map(({ url, file }, at) => {
    const path = resolvePath(folder, file);
    try {
      return [url, parseJson(readFileSync(path), { depth: 32, integers: false }) as JsonObject] as const;
    } catch (error) {
      throw nodeError(
        "node.config",
        `config: ${path} cannot be read: ${isHansaError(error) ? error.message : (error as NodeJS.ErrnoException).code}`,
        { path: `/identity/credentials/contexts/${at}` },
        error,
      );
    }
  });
  try {
    return addContexts(new Map(read));
  } catch (error) {
    if (!isHansaError(error)) throw error;
    throw nodeError("node.config", `config: ${error.message}`, { path: "/identity/credentials/contexts" }, error);
  }
}
