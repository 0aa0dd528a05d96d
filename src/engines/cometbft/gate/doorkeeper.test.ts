import { describe, expect, it } from "vitest";
import { ManualClock } from "#base";
import { Doorkeeper, networkOf } from "./doorkeeper.ts";
import { DEFAULT_GATE_LIMITS } from "./limits.ts";

const doorkeeper = (limits: Partial<typeof DEFAULT_GATE_LIMITS>, clock = new ManualClock(0)) =>
  new Doorkeeper({ ...DEFAULT_GATE_LIMITS, ...limits }, clock);

describe("the doorkeeper", () => {
  it("lets so many in at once from one address, and one more once one has left", () => {
    const door = doorkeeper({ handshakesPerAddress: 2 });
    const leave = door.enter("192.0.2.1");
    expect(door.enter("192.0.2.1")).toBeDefined();
    expect(door.enter("::ffff:192.0.2.1")).toBeUndefined();
    expect(door.enter("192.0.2.2")).toBeDefined();
    expect(door.handshakes).toBe(3);
    leave?.();
    leave?.();
    expect(door.handshakes).toBe(2);
    expect(door.enter("192.0.2.1")).toBeDefined();
    expect(door.enter("192.0.2.1")).toBeUndefined();
  });

  it("lets so many in at once in all", () => {
    const door = doorkeeper({ handshakes: 3 });
    const entered = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"].map((address) => door.enter(address));
    expect(entered.map((leave) => leave !== undefined)).toEqual([true, true, true, false]);
    entered[0]?.();
    expect(door.enter("192.0.2.4")).toBeDefined();
  });

  it("lets one address begin so many in ten seconds, also when each is over at once", () => {
    const clock = new ManualClock(0);
    const door = doorkeeper({ handshakeRate: 3 }, clock);
    const tries = () =>
      [1, 2, 3, 4].map(() => {
        const leave = door.enter("192.0.2.1");
        leave?.();
        return leave !== undefined;
      });
    expect(tries()).toEqual([true, true, true, false]);
    expect(door.enter("192.0.2.2")).toBeDefined();
    clock.advance(9_999);
    expect(door.enter("192.0.2.1")).toBeUndefined();
    clock.advance(1);
    expect(tries()).toEqual([true, true, true, false]);
  });

  it("takes the /64 of an IPv6 address for one address", () => {
    expect(networkOf("2001:db8:0:1::5")).toBe("2001:db8:0:1");
    expect(networkOf("2001:DB8:0:1:aaaa:bbbb:cccc:dddd")).toBe("2001:db8:0:1");
    expect(networkOf("2001:db8::1:5")).toBe("2001:db8:0:0");
    expect(networkOf("::1")).toBe("0:0:0:0");
    expect(networkOf("fe80::1%eth0")).toBe("fe80:0:0:0");
    expect(networkOf("64:ff9b::192.0.2.1")).toBe("64:ff9b:0:0");
    expect(networkOf("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(networkOf("192.0.2.1")).toBe("192.0.2.1");
  });
});
