/** Who plays in the demonstration: four members, one household, devices of real products on two platforms. */
import type { Role } from "#protocol";

export const ALLIANCE = "hanse";
export const GROUP = "main";

export type MemberName = "acme" | "borea" | "castor" | "delphi";

/** The first founds the group and runs the node; the others join by vote. */
export const MEMBERS: readonly {
  readonly name: MemberName;
  readonly label: string;
  readonly roles: readonly Role[];
}[] = [
  { name: "acme", label: "Acme Home (platform)", roles: ["platform"] },
  { name: "borea", label: "Borea Living (platform)", roles: ["platform"] },
  { name: "castor", label: "Castor Devices (maker)", roles: ["maker"] },
  { name: "delphi", label: "Delphi Lab (test lab, the regulator's eye)", roles: ["lab", "regulator"] },
];

export interface CastDevice {
  /** Name of its key in the key file: `device/<name>`. */
  readonly name: string;
  /** Model as its vendor writes it, for `loadProduct`. */
  readonly model: string;
  readonly platform: "acme" | "borea";
}

/** Devices that are admitted and talk. */
export const DEVICES: readonly CastDevice[] = [
  { name: "climate", model: "WSDCGQ11LM", platform: "acme" },
  { name: "motion", model: "RTCGQ11LM", platform: "acme" },
  { name: "leak", model: "SJCGQ11LM", platform: "acme" },
  { name: "air", model: "E2112", platform: "acme" },
  { name: "remote", model: "E2201", platform: "acme" },
  { name: "plug", model: "SP 240", platform: "borea" },
  { name: "lamp", model: "9290022166", platform: "borea" },
  { name: "radiator", model: "BTH-RA", platform: "borea" },
  { name: "blind", model: "E1757", platform: "borea" },
  { name: "lock", model: "YRD426NRSC", platform: "borea" },
];

/** Its model is registered and never certified. */
export const UNCERTIFIED: CastDevice = { name: "uncertified", model: "S31ZB", platform: "borea" };
/** Of a certified model, admitted once, then revoked. */
export const REVOKED: CastDevice = { name: "revoked", model: "TS011F_plug_1", platform: "borea" };

export const FIRMWARE = "1.0.0";

/** Topic of a platform's devices. */
export function topicOf(platform: "acme" | "borea"): string {
  return `${platform}/things`;
}
