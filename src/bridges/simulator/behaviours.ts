/** What makes one property follow another, as in the real thing: power its switch, a room its radiator. */
import type { Json } from "#base";
import type { Affordances } from "../wot/thing-description.ts";

/** What a behaviour may touch. */
export interface Body {
  readonly thing: Affordances;
  has(property: string): boolean;
  read(property: string): Json | undefined;
  number(property: string): number;
  write(property: string, value: Json): void;
}

export interface Behaviour {
  /** Properties that only this behaviour moves. */
  readonly governs: readonly string[];
  set?(property: string, value: Json): void;
  act?(action: string, input: Json | undefined): void;
  tick?(seconds: number): void;
}

/** Answers with a behaviour where the body has what it takes. */
type MakeBehaviour = (body: Body) => Behaviour | undefined;

/** What is plugged in, watts: a floor lamp. */
const LOAD = 60;

const plug: MakeBehaviour = (body) => {
  if (!body.has("state") || !body.has("power")) return undefined;
  const follow = () => {
    const power = body.read("state") === "ON" ? LOAD : 0;
    body.write("power", power);
    body.write("current", power / (body.number("voltage") || 230));
  };
  follow();
  return {
    governs: ["power", "current", "energy"],
    set: (property) => {
      if (property === "state") follow();
    },
    tick: (seconds) => body.write("energy", body.number("energy") + (body.number("power") * seconds) / 3_600_000),
  };
};

const bulb: MakeBehaviour = (body) => {
  if (!body.has("state") || !body.has("brightness")) return undefined;
  return {
    governs: ["brightness"],
    // As bulbs do: a brightness lights it, none puts it out.
    set: (property, value) => {
      if (property === "brightness" && typeof value === "number") body.write("state", value > 0 ? "ON" : "OFF");
    },
  };
};

/** A radiator heats a room at 1 °C a minute at most; the room loses 1 % of its difference to outside a minute. */
const HEATING = 1 / 60;
const LOSS = 0.01 / 60;
const OUTSIDE = 12;

const thermostat: MakeBehaviour = (body) => {
  const setpoint = ["occupied_heating_setpoint", "current_heating_setpoint"].find((name) => body.has(name));
  if (setpoint === undefined || !body.has("local_temperature")) return undefined;
  const demand = () => {
    if (body.read("system_mode") === "off") return 0;
    return Math.max(0, Math.min(100, Math.round((body.number(setpoint) - body.number("local_temperature")) * 50)));
  };
  const follow = () => {
    const percent = demand();
    body.write("pi_heating_demand", percent);
    body.write("running_state", percent > 0 ? "heat" : "idle");
  };
  follow();
  return {
    governs: ["local_temperature", "pi_heating_demand", "running_state"],
    set: follow,
    tick: (seconds) => {
      // In steps of a minute at most: a long tick must not shoot past the setpoint.
      for (let left = seconds; left > 0; left -= 60) {
        const step = Math.min(left, 60);
        const room = body.number("local_temperature");
        const gain = (demand() / 100) * HEATING - (room - OUTSIDE) * LOSS;
        body.write("local_temperature", room + gain * step);
      }
      follow();
    },
  };
};

/** Percent a second. */
const COVER_SPEED = 5;

const cover: MakeBehaviour = (body) => {
  const { actions } = body.thing;
  if (!body.has("position") || !Object.hasOwn(actions, "open") || !Object.hasOwn(actions, "close")) return undefined;
  let target = body.number("position");
  const show = () => {
    const position = body.number("position");
    body.write("state", position > 0 ? "OPEN" : "CLOSE");
    body.write("running", position !== target);
    body.write("motor_state", position === target ? "stopped" : position < target ? "opening" : "closing");
  };
  const move = (verb: string) => {
    if (verb === "open") target = 100;
    else if (verb === "close") target = 0;
    else if (verb === "stop") target = body.number("position");
    show();
  };
  show();
  let at = body.number("position");
  return {
    governs: ["position", "state", "running", "motor_state"],
    set: (property, value) => {
      if (property === "state") move(String(value).toLowerCase());
      if (property !== "position" || typeof value !== "number") return;
      target = value;
      // It is told where to go, not put there: back to where it is, and on its way.
      body.write("position", at);
      show();
    },
    act: (action) => move(action),
    tick: (seconds) => {
      const way = target - at;
      at += Math.sign(way) * Math.min(Math.abs(way), COVER_SPEED * seconds);
      body.write("position", at);
      at = Math.abs(target - at) < 1e-9 ? target : at;
      show();
    },
  };
};

const lock: MakeBehaviour = (body) => {
  if (!body.has("lock_state") || !body.has("state")) return undefined;
  const follow = () => body.write("lock_state", body.read("state") === "LOCK" ? "locked" : "unlocked");
  body.write("state", "LOCK");
  follow();
  return {
    governs: ["lock_state"],
    set: (property) => {
      if (property === "state") follow();
    },
    act: (action) => {
      if (action !== "lock" && action !== "unlock") return;
      body.write("state", action.toUpperCase());
      follow();
    },
  };
};

export const BEHAVIOURS: readonly MakeBehaviour[] = [plug, bulb, thermostat, cover, lock];
