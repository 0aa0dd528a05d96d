import { findFreePorts } from "#engines";
import { cliError } from "../errors.ts";

/** Ports of the loopback for nodes that are to be started. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = await findFreePorts(count);
  if (ports === undefined) throw cliError("cli.argument", `there are not ${count} free ports`, { wanted: count });
  return ports;
}
