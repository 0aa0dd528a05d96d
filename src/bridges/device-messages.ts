/**
 * What a node and a device say to each other over MQTT: commands to `commandTopic(device)`, results to
 * `resultTopic(device)`. JSON, one message each; both sides use this file.
 */
import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { decodeUtf8, encodeUtf8, HansaError, type Json, parseJson } from "#base";
import { Affordance, type Command, type ContractValue } from "#protocol";
import { bridgeError } from "./errors.ts";

/** Largest command message, bytes. */
export const MAX_COMMAND_BYTES = 8192;
/** Largest result message, bytes. */
export const MAX_RESULT_BYTES = 1024;
/** Longest reason, characters. */
const MAX_REASON = 200;

const CommandId = Type.String({ pattern: "^[A-Za-z0-9_-]{1,64}$" });
const head = {
  /** Id of the command: the result bears it, and a device that has seen it does nothing a second time. */
  id: CommandId,
  /** How many linkages stand in the chain of causes, this one counted. */
  hops: Type.Optional(Type.Integer({ minimum: 0, maximum: 16 })),
  /** Seconds since 1970 after which the device must not carry it out: it may have lain in a broker's queue. */
  exp: Type.Optional(Type.Integer({ minimum: 0 })),
};

export const CommandMessage = Type.Union([
  Type.Object({ ...head, action: Affordance, input: Type.Optional(Type.Unknown()) }, { additionalProperties: false }),
  Type.Object({ ...head, set: Affordance, value: Type.Unknown() }, { additionalProperties: false }),
]);
export type CommandMessage = Static<typeof CommandMessage>;

export const ResultMessage = Type.Object(
  {
    id: CommandId,
    outcome: Type.Union([Type.Literal("done"), Type.Literal("refused"), Type.Literal("failed")]),
    reason: Type.Optional(Type.String({ maxLength: MAX_REASON })),
  },
  { additionalProperties: false },
);
export type ResultMessage = Static<typeof ResultMessage>;

const command = TypeCompiler.Compile(CommandMessage);
const result = TypeCompiler.Compile(ResultMessage);

/**
 * A contract's value as a device understands it: a decimal becomes a number.
 *
 * @example
 * ```ts
 * plainValue({ decimal: "21.5" }); // 21.5
 * ```
 */
function plainValue(value: ContractValue): Json {
  return typeof value === "object" ? Number(value.decimal) : value;
}

/** The message that carries a command of the ledger's world to its device. */
export function encodeCommandMessage({ jti, hops, exp, action }: Command): Uint8Array {
  return encodeMessage(
    "set" in action
      ? { id: jti, set: action.set, value: plainValue(action.value), hops, exp }
      : {
          id: jti,
          action: action.action,
          ...(action.input === undefined ? {} : { input: plainValue(action.input) }),
          hops,
          exp,
        },
  );
}

/** A message's bytes. */
export function encodeMessage(message: CommandMessage | ResultMessage): Uint8Array {
  return encodeUtf8(JSON.stringify(message));
}

/** @throws HansaError `bridge.message-too-large`, `bridge.message-malformed` */
export function decodeCommandMessage(bytes: Uint8Array): CommandMessage {
  return decode("command", bytes, MAX_COMMAND_BYTES, command);
}

/** @throws HansaError `bridge.message-too-large`, `bridge.message-malformed` */
export function decodeResultMessage(bytes: Uint8Array): ResultMessage {
  return decode("result", bytes, MAX_RESULT_BYTES, result);
}

function decode<Message>(
  what: string,
  bytes: Uint8Array,
  limit: number,
  schema: { Check(value: unknown): value is Message },
): Message {
  const message = parseMessage(what, bytes, limit);
  if (!schema.Check(message))
    throw bridgeError("bridge.message-malformed", `the ${what} does not fit its schema`, { what });
  return message;
}

/**
 * JSON of a message of at most `limit` bytes, eight levels deep.
 *
 * @throws HansaError `bridge.message-too-large`, `bridge.message-malformed`
 */
export function parseMessage(what: string, bytes: Uint8Array, limit: number): Json {
  if (bytes.length > limit)
    throw bridgeError("bridge.message-too-large", `the ${what} has ${bytes.length} bytes`, { what, limit });
  const text = decodeUtf8(bytes);
  try {
    if (text === undefined) throw bridgeError("bridge.message-malformed", `the ${what} is not UTF-8`, { what });
    return parseJson(text, { depth: 8, integers: false });
  } catch (error) {
    if (error instanceof HansaError && error.code.startsWith("bridge.")) throw error;
    const code = error instanceof HansaError ? error.code : "json.syntax";
    throw bridgeError("bridge.message-malformed", `the ${what} is not JSON as it should be: ${code}`, { what, code });
  }
}

/** A refusal as a result's reason: code, then what is wrong, cut to the limit. */
export function reasonOf(error: unknown): string {
  return error instanceof HansaError ? `${error.code}: ${error.message}`.slice(0, MAX_REASON) : "bridge.failed";
}
