/** Events: CloudEvents 1.0 as they stand in a topic log, are read over HTTP and matched by linkages. */
import type { Json } from "#base";

/** Event types that Hansa itself gives. */
export const EVENT_TYPES = {
  /** A property's value: `subject` the property's name, `data` the value. */
  property: "org.hansa.thing.property",
  /** An event of a Thing Description: `subject` its name. */
  event: "org.hansa.thing.event",
  /** Any other message. */
  message: "org.hansa.message",
} as const;

/** A CloudEvent 1.0 with Hansa's extensions. */
export interface HansaEvent {
  readonly specversion: "1.0";
  readonly id: string;
  /** DID of whoever the broker authenticated. */
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** RFC 3339, when the node took it. */
  readonly time: string;
  readonly datacontenttype?: string;
  readonly data?: Json;
  readonly data_base64?: string;
  /** Path below the topic at which it was published. */
  readonly hansapath: string;
  /** How many linkages stand in its chain of causes; 0 and absent are the same. */
  readonly hansahops?: number;
  /** Id of the command that caused it. */
  readonly hansacause?: string;
}

/** An event in its log. */
export interface LoggedEvent {
  readonly topic: string;
  /** Place in the log, from 0. */
  readonly offset: number;
  readonly event: HansaEvent;
}

/**
 * Where a device speaks below an operator's topic: `<topic>/<device fingerprint>/properties/<name>` and `…/events/<name>`.
 */
export function propertyPath(device: string, property: string): string {
  return `${device}/properties/${property}`;
}

export function eventPath(device: string, event: string): string {
  return `${device}/events/${event}`;
}

/** Reserved MQTT topics of one device: commands come in here, results go out there. Only the node publishes the first, only the device the second. */
export function commandTopic(device: string): string {
  return `hansa/devices/${device}/commands`;
}

export function resultTopic(device: string): string {
  return `hansa/devices/${device}/results`;
}
