import type { BackupInfo } from "../../answers.ts";
import type { Client } from "../../client.ts";
import { connectionTokenOf } from "../../connection.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/**
 * Lets the node write an online backup into its own backup folder. Only the member that runs the node may.
 *
 * @example
 * ```ts
 * const { file, height } = await backupGroup(client);
 * ```
 */
export async function backupGroup(client: Client, options: CallOptions = {}): Promise<BackupInfo> {
  const group = await groupIdOfClient(client, options.signal);
  const token = await connectionTokenOf(client, options.signal);
  return callJson<BackupInfo>(client, "backup", { ...options, parameters: { group }, token });
}
