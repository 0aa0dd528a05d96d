import { type Algorithm, encodeMultikey } from "#crypto";
import { didOf } from "#protocol";
import { cliError } from "../errors.ts";
import type { Shell } from "../shell.ts";
import type { Identity } from "./identities.ts";

export interface KeyOptions {
  readonly algorithm?: Algorithm;
  /** Whose DID the key gives; the shell's where left out. */
  readonly alliance?: string;
}

/**
 * Makes a key in the home's key file.
 *
 * @param reuse - takes the key of that name where there is one
 * @returns it as the identity that it gives
 * @throws HansaError `crypto.key-exists`, `crypto.key-name`, `cli.argument`
 */
export async function createKey(shell: Shell, name: string, options: KeyOptions, reuse: boolean): Promise<Identity> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
    throw cliError("cli.argument", "a name has 1 to 64 letters, digits, dots, dashes and underscores", { name });
  // Asked for first: no key is made where the alliance cannot be told.
  const alliance = options.alliance ?? (await shell.alliance());
  const keys = await shell.keys();
  const known = reuse ? keys.list().find((stored) => stored.name === name) : undefined;
  const stored = known ?? keys.generate(name, options.algorithm ?? "Ed25519");
  const key = { algorithm: stored.algorithm, bytes: stored.publicKey };
  return {
    did: didOf(alliance, key),
    key: name,
    algorithm: stored.algorithm,
    publicKey: encodeMultikey(key),
  };
}
