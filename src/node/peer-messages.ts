/** What members' nodes ask each other over the gate: one request, one answer, both JSON. The gate has authenticated who asks. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { decodeUtf8, encodeUtf8, HansaError, type Json, parseJson } from "#base";
import type { Engine } from "#engines";
import { Closed, NodeId, type SignedHeader, type ValidatorChange } from "#protocol";
import { nodeError } from "./errors.ts";
import type { ValidatorPath } from "./validator-path.ts";

const PeerRequest = Type.Union([
  /** A command for a device of a member that the asked node plays for; answers its receipt. */
  Closed({ kind: Type.Literal("command"), token: Type.String({ maxLength: 65_536 }) }),
  /** The header of the newest snapshot with its votes, and the way from the genesis to their validators; `null` without a snapshot. */
  Closed({ kind: Type.Literal("snapshot") }),
  /** Every change of the validators since the genesis, with its votes. */
  Closed({ kind: Type.Literal("path") }),
  /** Whether a node votes in a group that has blocks beyond its genesis. */
  Closed({ kind: Type.Literal("voter"), node: NodeId }),
]);
export type PeerRequest = Static<typeof PeerRequest>;

/** A header that a quorum vouched for, and how one knows. */
export interface PeerHead {
  readonly signed: SignedHeader;
  readonly validators: readonly ValidatorChange[];
}

/** What this node can show for its newest snapshot. */
export async function snapshotHead(
  engine: Pick<Engine, "certified">,
  path: ValidatorPath | undefined,
  height: number | undefined,
): Promise<PeerHead | null> {
  if (height === undefined || path === undefined) return null;
  return { signed: await engine.certified(height), validators: await path.upTo(height) };
}

/** How a node answers its peers. */
export interface PeerAnswers {
  /** @returns the receipt's token */
  command(token: string): Promise<string>;
  snapshot(): Promise<PeerHead | null>;
  path(): Promise<readonly ValidatorChange[]>;
  voter(node: string): boolean;
}

const LIMITS = { depth: 64, integers: true } as const;

function answerOf(answers: PeerAnswers, request: PeerRequest): unknown {
  switch (request.kind) {
    case "command":
      return answers.command(request.token);
    case "voter":
      return answers.voter(request.node);
    default:
      return answers[request.kind]();
  }
}

/** Answers one request of a peer; a refusal travels as its code. */
export async function answerPeer(answers: PeerAnswers, payload: Uint8Array): Promise<Uint8Array> {
  try {
    const request = readJson(PeerRequest, payload);
    const answer = await answerOf(answers, request);
    return encodeUtf8(JSON.stringify({ answer }));
  } catch (error) {
    const refusal =
      error instanceof HansaError
        ? { code: error.code, message: error.message }
        : { code: "http.internal", message: "the node failed" };
    return encodeUtf8(JSON.stringify({ refusal }));
  }
}

/** Sends a request by a way that the caller names. */
export async function askPeer(send: (payload: Uint8Array) => Promise<Uint8Array>, request: PeerRequest): Promise<Json> {
  const answer = readJson(
    Type.Union([
      Closed({ answer: Type.Unknown() }),
      Closed({ refusal: Closed({ code: Type.String(), message: Type.String() }) }),
    ]),
    await send(encodeUtf8(JSON.stringify(request))),
  );
  if ("refusal" in answer)
    throw nodeError("node.peer-refused", `the peer refused: ${answer.refusal.message}`, {
      refusal: answer.refusal.code,
    });
  return answer.answer as Json;
}

function readJson<Schema extends TSchema>(schema: Schema, payload: Uint8Array): Static<Schema> {
  const text = decodeUtf8(payload);
  let value: unknown;
  try {
    value = text === undefined ? undefined : parseJson(text, LIMITS);
  } catch (error) {
    throw nodeError("node.peer-malformed", "a peer's message is not strict JSON", {}, error);
  }
  if (!Value.Check(schema, value)) throw nodeError("node.peer-malformed", "a peer's message has another shape");
  return value as Static<Schema>;
}
