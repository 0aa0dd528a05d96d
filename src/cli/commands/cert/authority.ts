import type { TlsAuthority } from "#node";
import type { Party } from "#sdk";
import type { Shell } from "../../shell.ts";

/** The home's certification authority. */
export async function authorityOf(shell: Shell): Promise<TlsAuthority> {
  const { TlsAuthority } = await import("#node");
  return new TlsAuthority(shell.home, await shell.keys(), () => shell.io.now());
}

/** The member whose node it is: it vouches for the authority. */
export function memberOf(shell: Shell): Promise<Party> {
  return shell.party();
}

const DAY = 86_400_000;

/** Days that are left, for people. */
export function daysLeft(until: number, now: number): string {
  const days = Math.floor((until - now) / DAY);
  return days < 0 ? "expired" : `${days} days`;
}
