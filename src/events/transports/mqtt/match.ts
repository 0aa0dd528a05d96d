/** A subscription that a message's topic falls under. */
export interface Match {
  readonly clientId: string;
  readonly topic: string;
  readonly qos: number;
  readonly rh: number | undefined;
  readonly rap: boolean | undefined;
  readonly nl: boolean | undefined;
}

/** One message for a client whose subscriptions overlap, at the highest level [MQTT-3.3.5-1]. */
export function highest(matches: Match[]): Match[] {
  if (matches.length < 2) return matches;
  const best = new Map<string, Match>();
  for (const match of matches) if (match.qos > (best.get(match.clientId)?.qos ?? -1)) best.set(match.clientId, match);
  return [...best.values()];
}
