import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8, isHansaError } from "#base";
import type { Command } from "#protocol";
import {
  decodeCommandMessage,
  decodeResultMessage,
  encodeCommandMessage,
  encodeMessage,
  MAX_COMMAND_BYTES,
  MAX_RESULT_BYTES,
  reasonOf,
} from "./device-messages.ts";
import { bridgeError } from "./errors.ts";

const command = (action: object): Command =>
  ({ jti: "0123456789abcdefghijkl", hops: 3, exp: 1_800_000_000, action }) as unknown as Command;

describe("messages between node and device", () => {
  it("carry a command's action with plain values", () => {
    expect(
      decodeCommandMessage(encodeCommandMessage(command({ set: "setpoint", value: { decimal: "21.5" } }))),
    ).toEqual({
      id: "0123456789abcdefghijkl",
      set: "setpoint",
      value: 21.5,
      hops: 3,
      exp: 1_800_000_000,
    });
    expect(decodeCommandMessage(encodeCommandMessage(command({ action: "effect", input: "blink" })))).toMatchObject({
      action: "effect",
      input: "blink",
    });
    expect(decodeCommandMessage(encodeCommandMessage(command({ action: "toggle" })))).not.toHaveProperty("input");
  });

  it("are refused when too large, whatever they hold", () => {
    const large = encodeUtf8(`{"id":"a","set":"b","value":"${"x".repeat(MAX_COMMAND_BYTES)}"}`);
    expect(() => decodeCommandMessage(large)).toThrow(expect.objectContaining({ code: "bridge.message-too-large" }));
    expect(() => decodeResultMessage(new Uint8Array(MAX_RESULT_BYTES + 1))).toThrow(
      expect.objectContaining({ code: "bridge.message-too-large" }),
    );
  });

  it.each([
    "",
    "null",
    "[]",
    "{}",
    '{"id":"a"}',
    '{"id":"a","set":"b"}',
    '{"id":"a","action":"b","set":"c","value":1}',
    '{"id":"a","action":"b","extra":1}',
    '{"id":"a","id":"b","action":"c"}',
    '{"id":"a","action":"b","input":{"__proto__":1}}',
    '{"id":"a","action":"1b"}',
    '{"id":"a","action":"b","hops":17}',
    '{"id":"a b","action":"b"}',
    `{"id":"a","action":"b","input":${"[".repeat(9)}${"]".repeat(9)}}`,
  ])("are refused when malformed: %s", (text) => {
    expect(() => decodeCommandMessage(encodeUtf8(text))).toThrow(
      expect.objectContaining({ code: "bridge.message-malformed" }),
    );
  });

  it("never make a decoder throw anything but a named error", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc.json().map(encodeUtf8),
      fc
        .record(
          { id: fc.anything(), action: fc.anything(), set: fc.anything(), outcome: fc.anything() },
          { requiredKeys: [] },
        )
        .map((value) => {
          try {
            return encodeUtf8(JSON.stringify(value));
          } catch {
            return new Uint8Array();
          }
        }),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        for (const decode of [decodeCommandMessage, decodeResultMessage])
          try {
            decode(input);
          } catch (error) {
            expect(isHansaError(error)).toBe(true);
          }
      }),
    );
  });

  it("bring results across unchanged", () => {
    const outcome = fc.constantFrom("done", "refused", "failed");
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
        outcome,
        fc.string({ maxLength: 100 }),
        (id, word, reason) => {
          const result = { id, outcome: word as "done", reason };
          expect(decodeResultMessage(encodeMessage(result))).toEqual(result);
        },
      ),
    );
  });

  it("give a reason that fits, and never the text of a foreign error", () => {
    expect(reasonOf(bridgeError("bridge.value", "x".repeat(500))).length).toBe(200);
    expect(reasonOf(new Error("secret"))).not.toContain("secret");
  });
});
