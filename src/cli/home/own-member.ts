/** The member whose home this is, and its keys in a group. */
import { encodeMultikey, type PublicKey, type Signer } from "#crypto";
import type { KeyFile } from "#crypto/node";
import { type CheckedFounding, didOf, type Joining, type JoiningKeys } from "#protocol";
import { cliError } from "../errors.ts";
import type { Shell } from "../shell.ts";
import { configuredMember } from "./facts.ts";
import { loadIdentities, saveIdentity } from "./identities.ts";

/** Key file entry of the member: as `--as` says, else that of the configuration, else of the identities, else `member`. */
export function ownKeyName(shell: Shell): string {
  const { identities, default: first } = loadIdentities(shell.home);
  const given = shell.globals.as ?? shell.io.env["HANSA_AS"];
  const name = given === undefined || given === "" ? (configuredMember(shell.home) ?? first ?? "member") : given;
  return (Object.hasOwn(identities, name) ? identities[name]?.key : undefined) ?? name;
}

/** Opens the home's key file for the time of one action, and makes it, with the home, where there is none. */
export async function withOwnKeys<Result>(
  shell: Shell,
  run: (keys: KeyFile) => Result | Promise<Result>,
): Promise<Result> {
  const { homeAt, openHomeKeys } = await import("#node");
  const { existsSync } = await import("node:fs");
  const home = homeAt(shell.home);
  const keys = await openHomeKeys(home, await shell.passphrase(!existsSync(home.keyFile)));
  try {
    return await run(keys);
  } finally {
    keys.close();
  }
}

export function publicKeyOf({ algorithm, publicKey }: Signer): PublicKey {
  return { algorithm, bytes: publicKey };
}

/** Lets the member be named by its key's name, unless that name means somebody else already. */
export function rememberMember(shell: Shell, name: string, did: string, signer: Signer): void {
  const { identities } = loadIdentities(shell.home);
  if (Object.hasOwn(identities, name)) return;
  const publicKey = encodeMultikey(publicKeyOf(signer));
  saveIdentity(shell.home, name, { did, key: name, algorithm: signer.algorithm, publicKey });
}

/** A member's keys in a group where it has them all; nothing is made. */
export async function knownKeys(keys: KeyFile, member: string, group: string): Promise<JoiningKeys | undefined> {
  const { engineKeyName, groupKeys } = await import("#node");
  const names = new Set(keys.list().map(({ name }) => name));
  const whole = names.has(member) && names.has(engineKeyName(group)) && keys.dataKeyNames().includes(`node/${group}`);
  return whole ? groupKeys(keys, member, group) : undefined;
}

/**
 * What a founding file says of this home's member, held against the home.
 *
 * @param request - the joining file that the home made last, where it is still there
 * @throws HansaError `cli.not-founder`, `cli.founding-mismatch`
 */
export function ownJoining(
  { founding, joinings }: CheckedFounding,
  keys: JoiningKeys | undefined,
  request: string | undefined,
): { readonly joining: Joining; readonly own: JoiningKeys } {
  const { alliance, group } = founding.genesis;
  const did = keys === undefined ? undefined : didOf(alliance, publicKeyOf(keys.member));
  const at = joinings.findIndex(({ member }) => member.did === did);
  const joining = joinings[at];
  if (keys === undefined || joining === undefined)
    throw cliError("cli.not-founder", `the member of this home does not found ${alliance}:${group}`, {
      founders: joinings.map(({ member }) => member.did),
    });
  const { node } = joining;
  const differs = (what: string) =>
    cliError("cli.founding-mismatch", `the founding file has ${what} of ${joining.member.name} than this home`, {
      problem: what,
    });
  if (node !== undefined) {
    if (node.key !== encodeMultikey(publicKeyOf(keys.voting))) throw differs("another voting key");
    if (node.node !== encodeMultikey(publicKeyOf(keys.node))) throw differs("another node key");
  }
  if (request !== undefined && request !== founding.joinings[at]) throw differs("an older joining file");
  return { joining, own: keys };
}
