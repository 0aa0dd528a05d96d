/** From what somebody published to the CloudEvent that stands in the log, and to the very bytes that are hashed. */
import { type Clock, decodeUtf8, encodeBase64Url, isHansaError, type Json, parseJson } from "#base";
import { randomBytes } from "#crypto";
import { EVENT_TYPES, type HansaEvent } from "#protocol";
import { eventError } from "./errors.ts";
import type { Principal } from "./rights.ts";

/** Longest entry of a log, bytes: tlog-tiles gives its length 16 bits. */
export const MAX_ENTRY_BYTES = 65_535;
/** Deepest nesting of an event's data. */
export const MAX_DATA_DEPTH = 32;
/** Most extension attributes of one event. */
export const MAX_EXTENSIONS = 16;
/** Highest count of hops that is believed at all. */
export const MAX_HOPS = 255;

/** An event together with its bytes as they go into the log. */
export interface DraftEvent {
  readonly event: HansaEvent;
  readonly body: Uint8Array;
}

/** What somebody published. */
export interface Publication {
  readonly principal: Principal;
  /** Below the topic; empty for the topic itself. */
  readonly path: string;
  readonly payload: Uint8Array;
  /** Media type, where the transport has one. MQTT 3.1.1 has none: there the content tells. */
  readonly contentType?: string | undefined;
}

/** Why something happened, as far as the node knows: it sent the commands. */
export interface EventCause {
  readonly hops: number;
  /** Id of the command. */
  readonly cause?: string | undefined;
}

/**
 * Answers what the node knows of an event's cause.
 *
 * @param claimed - command that the speaker names as the cause
 */
export type KnownCause = (principal: Principal, path: string, claimed: string | undefined) => EventCause | undefined;

export interface EventMakerOptions {
  readonly clock: Clock;
  /** Most bytes of a payload, 32,768 by default: as base64 it still fits into an entry. */
  readonly payloadBytes?: number;
  readonly causeOf?: KnownCause | undefined;
}

const SPOKEN_FOR = /^[1-9A-HJ-NP-Za-km-z]{26,28}$/;
const STRUCTURED = "application/cloudevents+json";
const RFC3339 =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(;.*)?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const ATTRIBUTES = new Set(
  "specversion id source type subject time datacontenttype dataschema data data_base64 hansapath hansahops hansacause".split(
    " ",
  ),
);

/** What a path below a topic says about an event: whose it is, and what kind. */
interface Spoken {
  readonly type: string;
  readonly subject: string | undefined;
}

/**
 * Makes events of what is published.
 *
 * @example
 * ```ts
 * const maker = new EventMaker({ clock });
 * const { event, body } = maker.make({ principal, path: propertyPath(fingerprint, "temperature"), payload });
 * ```
 */
export class EventMaker {
  readonly #clock: Clock;
  readonly #payloadBytes: number;
  readonly #causeOf: KnownCause | undefined;
  // Ids need no randomness of their own: a random name of this run and a count are unique, and cheap.
  readonly #run = encodeBase64Url(randomBytes(12));
  #count = 0;
  #millisecond = Number.NaN;
  #time = "";

  constructor(options: EventMakerOptions) {
    this.#clock = options.clock;
    this.#payloadBytes = options.payloadBytes ?? 32_768;
    this.#causeOf = options.causeOf;
  }

  /** Most bytes of a payload. */
  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /**
   * The event that a publication becomes. Rights to publish at this path are the caller's to check; that nobody speaks as
   * somebody else is checked here.
   *
   * @throws HansaError `events.too-large`, `events.malformed`, `events.foreign-source`, `events.forbidden`
   */
  make(publication: Publication): DraftEvent {
    const { payload, principal, path } = publication;
    if (payload.length > this.#payloadBytes)
      throw eventError("events.too-large", `a payload has at most ${this.#payloadBytes} bytes`, {
        bytes: payload.length,
        limit: this.#payloadBytes,
      });
    const spoken = readPath(principal, path);
    const json = readJson(publication);
    if (json !== undefined && isStructured(json.value, publication.contentType))
      return this.#structured(json.value as Record<string, Json>, principal, path, spoken);
    // A bare value on a property's path that is not JSON is no value of that property.
    const { type, subject } = json === undefined ? MESSAGE : spoken;
    const known = this.#causeOf?.(principal, path, undefined);
    const event: { -readonly [Key in keyof HansaEvent]: HansaEvent[Key] } = {
      specversion: "1.0",
      id: this.#nextId(),
      source: principal.did,
      type,
      time: this.#now(),
      hansapath: path,
    };
    let text = `{"specversion":"1.0","id":"${event.id}","source":${JSON.stringify(principal.did)},"type":"${type}"`;
    if (subject !== undefined) {
      event.subject = subject;
      text += `,"subject":${JSON.stringify(subject)}`;
    }
    text += `,"time":"${event.time}"`;
    if (json === undefined) {
      event.data_base64 = base64(payload);
      text += `,"data_base64":"${event.data_base64}"`;
    } else {
      event.datacontenttype = "application/json";
      event.data = json.value;
      // The text was parsed strictly, so it goes in as it came: printing it anew would cost as much as the parsing.
      text += `,"datacontenttype":"application/json","data":${json.text}`;
    }
    text += `,"hansapath":${JSON.stringify(path)}`;
    if (known !== undefined && known.hops > 0) {
      event.hansahops = known.hops;
      text += `,"hansahops":${known.hops}`;
    }
    if (known?.cause !== undefined) {
      event.hansacause = known.cause;
      text += `,"hansacause":${JSON.stringify(known.cause)}`;
    }
    return finish(event, `${text}}`);
  }

  #structured(given: Record<string, Json>, principal: Principal, path: string, spoken: Spoken): DraftEvent {
    const problem = problemOf(given);
    if (problem !== undefined) throw eventError("events.malformed", `not a CloudEvent 1.0: ${problem}`, { problem });
    if (given["source"] !== principal.did)
      throw eventError("events.foreign-source", "the event's source is not who published it", { did: principal.did });
    const type = given["type"] as string;
    if (
      spoken.type !== EVENT_TYPES.message ? type !== spoken.type : type !== spoken.type && type.startsWith("org.hansa.")
    )
      throw malformed(`type ${spoken.type} is what this path takes`);
    const subject = (given["subject"] as string | undefined) ?? spoken.subject;
    if (spoken.subject !== undefined && subject !== spoken.subject) throw malformed("subject differs from the path");
    if (given["hansapath"] !== undefined && given["hansapath"] !== path)
      throw malformed("hansapath differs from the path");

    const { time, hansahops, hansacause, subject: _, hansapath: __, ...rest } = given;
    const claimed = hansacause as string | undefined;
    const known = this.#causeOf?.(principal, path, claimed);
    // A device may know more of its causes than the node does, but cannot talk itself out of what the node knows.
    const hops = Math.max((hansahops as number | undefined) ?? 0, known?.hops ?? 0);
    const cause = claimed ?? known?.cause;
    const event = {
      ...rest,
      ...(subject === undefined ? {} : { subject }),
      // `time` is when the node took it; what the speaker says stays beside it.
      ...(time === undefined ? {} : { sourcetime: time }),
      time: this.#now(),
      hansapath: path,
      ...(hops === 0 ? {} : { hansahops: hops }),
      ...(cause === undefined ? {} : { hansacause: cause }),
    } as unknown as HansaEvent;
    return finish(event, JSON.stringify(event));
  }

  #nextId(): string {
    return `${this.#run}-${(this.#count++).toString(36)}`;
  }

  #now(): string {
    const now = this.#clock.now();
    if (now !== this.#millisecond) {
      this.#millisecond = now;
      this.#time = new Date(now).toISOString();
    }
    return this.#time;
  }
}

const MESSAGE: Spoken = { type: EVENT_TYPES.message, subject: undefined };

/** Only a device itself says what its properties are and what happened to it. */
function readPath(principal: Principal, path: string): Spoken {
  const first = path.indexOf("/");
  const device = first < 0 ? path : path.slice(0, first);
  const second = first < 0 ? -1 : path.indexOf("/", first + 1);
  const kind = second < 0 ? "" : path.slice(first + 1, second);
  const name = second < 0 ? "" : path.slice(second + 1);
  const affordance = (kind === "properties" || kind === "events") && name !== "" && !name.includes("/");
  if (device === principal.fingerprint && principal.kind === "device")
    return !affordance
      ? MESSAGE
      : { type: kind === "properties" ? EVENT_TYPES.property : EVENT_TYPES.event, subject: name };
  if (principal.kind === "device" ? affordance || SPOKEN_FOR.test(device) : affordance && SPOKEN_FOR.test(device))
    throw eventError("events.forbidden", "a device speaks only for itself, and nobody else does", {
      did: principal.did,
      path,
    });
  return MESSAGE;
}

function readJson({ payload, contentType }: Publication): { value: Json; text: string } | undefined {
  const declared = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  const must = declared === STRUCTURED || declared === "application/json";
  if (!must && declared !== undefined) return undefined;
  // Most payloads that are not JSON show it at once; an exception for each would cost more than all the rest.
  if (!must && !startsLikeJson(payload)) return undefined;
  const text = decodeUtf8(payload);
  try {
    if (text !== undefined) return { value: parseJson(text, { depth: MAX_DATA_DEPTH, integers: false }), text };
  } catch (error) {
    // Duplicate keys and the like: as bytes they mean nothing, so no two readers disagree on them.
    if (must) throw malformed(isHansaError(error) ? error.message : "not JSON");
  }
  if (must) throw malformed("the payload is not valid UTF-8");
  return undefined;
}

function startsLikeJson(payload: Uint8Array): boolean {
  let at = 0;
  while (at < payload.length && at < 64 && isBlank(payload[at] as number)) at++;
  const byte = payload[at];
  if (byte === undefined) return false;
  // { [ " - digits, and the first letters of true, false, null
  return (
    byte === 0x7b ||
    byte === 0x5b ||
    byte === 0x22 ||
    byte === 0x2d ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x74 ||
    byte === 0x66 ||
    byte === 0x6e
  );
}

const isBlank = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

function isStructured(value: Json, contentType: string | undefined): boolean {
  if (contentType?.toLowerCase().startsWith(STRUCTURED)) return true;
  if (contentType !== undefined) return false;
  return typeof value === "object" && value !== null && (value as { specversion?: Json }).specversion === "1.0";
}

/**
 * What is wrong with a structured CloudEvent 1.0, or `undefined`. Checked against the `cloudevents` package by a test: that one
 * costs several times as much for each event.
 */
export function problemOf(given: Json): string | undefined {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return "not an object";
  const event = given as Record<string, Json>;
  if (event["specversion"] !== "1.0") return 'specversion is not "1.0"';
  for (const name of ["id", "source", "type"]) if (!isText(event[name])) return `${name} is missing or empty`;
  for (const name of ["subject", "dataschema", "datacontenttype"])
    if (event[name] !== undefined && !isText(event[name])) return `${name} is not a text, or empty`;
  if (/[\s<>"{}|\\^`]/.test(event["source"] as string)) return "source is not a URI reference";
  if (
    event["dataschema"] !== undefined &&
    !/^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]*$/.test(event["dataschema"] as string)
  )
    return "dataschema is not a URI";
  if (event["datacontenttype"] !== undefined && !MEDIA_TYPE.test(event["datacontenttype"] as string))
    return "datacontenttype is not a media type";
  if (event["time"] !== undefined && !(typeof event["time"] === "string" && isTime(event["time"])))
    return "time is not RFC 3339";
  const raw = event["data_base64"];
  if (raw !== undefined && event["data"] !== undefined) return "both data and data_base64";
  if (raw !== undefined && !(typeof raw === "string" && BASE64.test(raw))) return "data_base64 is not base64";
  const hops = event["hansahops"];
  if (hops !== undefined && !(Number.isInteger(hops) && (hops as number) >= 0 && (hops as number) <= MAX_HOPS))
    return `hansahops is not a whole number up to ${MAX_HOPS}`;
  const cause = event["hansacause"];
  if (cause !== undefined && !(isText(cause) && (cause as string).length <= 64))
    return "hansacause is not the id of a command";
  let extensions = 0;
  for (const name of Object.keys(event)) {
    if (ATTRIBUTES.has(name)) continue;
    if (++extensions > MAX_EXTENSIONS) return `more than ${MAX_EXTENSIONS} extensions`;
    if (!/^[a-z0-9]{1,20}$/.test(name))
      return "an attribute's name is not made of up to 20 lower-case letters and digits";
    const value = event[name];
    const simple = typeof value === "string" || typeof value === "boolean" || isInt32(value);
    if (!simple) return `extension ${name} is neither text, boolean nor 32-bit integer`;
  }
  return undefined;
}

const isText = (value: unknown): boolean => typeof value === "string" && value.length > 0;
const isInt32 = (value: unknown): boolean => Number.isInteger(value) && Math.abs(value as number) <= 0x7fffffff;

function isTime(text: string): boolean {
  if (!RFC3339.test(text)) return false;
  const day = Number(text.slice(8, 10));
  const inMonth = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
  return day <= inMonth;
}

function malformed(problem: string) {
  return eventError("events.malformed", `the event is malformed: ${problem}`, { problem });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function finish(event: HansaEvent, text: string): DraftEvent {
  const body = Buffer.from(text);
  if (body.length > MAX_ENTRY_BYTES)
    throw eventError("events.too-large", `an entry has at most ${MAX_ENTRY_BYTES} bytes`, {
      bytes: body.length,
      limit: MAX_ENTRY_BYTES,
    });
  return { event, body };
}
