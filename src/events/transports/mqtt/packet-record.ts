/** Packets as they are kept: a line of JSON, then the payload's bytes. */
import { decodeUtf8 } from "#base";

/** What the broker keeps of a packet. */
export interface KeptPacket {
  cmd: "publish" | "pubrel";
  topic?: string;
  payload?: Uint8Array;
  qos?: number;
  retain?: boolean;
  dup?: boolean;
  messageId?: number | undefined;
  brokerId?: string;
  brokerCounter?: number;
}

/**
 * @param about - further facts in the header line
 * @example
 * ```ts
 * const record = encodePacket(packet, { client: "did:…/1" });
 * const { packet, about } = decodePacket(record);
 * ```
 */
export function encodePacket(packet: KeptPacket, about: Readonly<Record<string, unknown>>): Uint8Array {
  const { cmd, topic, qos, retain, messageId } = packet;
  const header = Buffer.from(`${JSON.stringify({ about, cmd, topic, qos, retain, messageId })}\n`);
  return packet.payload === undefined ? header : Buffer.concat([header, Buffer.from(packet.payload)]);
}

export function decodePacket(record: Uint8Array): { packet: KeptPacket; about: Record<string, unknown> } {
  const end = record.indexOf(0x0a);
  const { about, ...packet } = JSON.parse(decodeUtf8(record.subarray(0, end)) ?? "");
  if (packet.cmd === "publish") packet.payload = Buffer.from(record.subarray(end + 1));
  return { packet, about };
}

/** What a packet says, without what aedes hangs on it. */
export function plainPacket(packet: KeptPacket, messageId: number | undefined): KeptPacket {
  const { cmd, topic, payload, qos = 0, retain = false, dup = false, brokerId, brokerCounter } = packet;
  return { cmd, brokerId, brokerCounter, topic, payload, qos, retain, dup, messageId } as KeptPacket;
}
