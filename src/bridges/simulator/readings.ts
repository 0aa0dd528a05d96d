import type { DataSchema } from "../wot/data-schema.ts";

/** How a reading behaves: where it starts, how far it drifts in ten seconds, and the least change that is reported. */
export interface ReadingProfile {
  readonly start: number;
  readonly drift: number;
  readonly report: number;
}

const profile = (start: number, drift: number, report: number): ReadingProfile => ({ start, drift, report });

const PROFILES: Readonly<Record<string, ReadingProfile>> = {
  battery: profile(97, 0, 1),
  brightness: profile(128, 0, 1),
  co2: profile(620, 6, 10),
  color_temp: profile(300, 0, 1),
  current: profile(0, 0, 0.01),
  current_heating_setpoint: profile(20, 0, 0.1),
  device_temperature: profile(24, 0.02, 1),
  energy: profile(12.4, 0, 0.01),
  humidity: profile(45, 0.15, 0.5),
  illuminance: profile(180, 4, 10),
  local_temperature: profile(19, 0, 0.1),
  max_duration: profile(240, 0, 1),
  occupied_heating_setpoint: profile(20, 0, 0.1),
  pm25: profile(8, 0.4, 1),
  position: profile(100, 0, 1),
  power: profile(0, 0, 0.5),
  pressure: profile(1013, 0.05, 0.5),
  temperature: profile(21, 0.04, 0.1),
  voc: profile(220, 6, 10),
  voc_index: profile(100, 1.5, 2),
};

/**
 * Profile of a property. An unknown one stays where it starts: at zero where its range holds it, else in the middle.
 */
export function profileOf(name: string, { unit, minimum, maximum }: DataSchema): ReadingProfile {
  // Mains in volts, batteries in millivolts.
  if (name === "voltage") return unit === "mV" ? profile(3015, 0.5, 10) : profile(230, 0.4, 1);
  const known = PROFILES[name];
  if (known !== undefined) return known;
  const [low, high] = [minimum ?? Number.NEGATIVE_INFINITY, maximum ?? Number.POSITIVE_INFINITY];
  const middle = Number.isFinite(low + high) ? (low + high) / 2 : Number.isFinite(low) ? low : high;
  return profile(low <= 0 && high >= 0 ? 0 : middle, 0, 0);
}
