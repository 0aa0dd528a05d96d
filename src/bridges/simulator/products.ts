/** Products that Hansa's simulator, demonstrations and tests know where to find. */

/** What a product is for, in a word. */
export type ProductKind =
  | "air"
  | "climate-sensor"
  | "contact"
  | "cover"
  | "leak"
  | "light"
  | "lock"
  | "motion"
  | "plug"
  | "remote"
  | "siren"
  | "thermostat";

export interface KnownProduct {
  readonly modelId: string;
  readonly model: string;
  /** Its vendor's file in `zigbee-herdsman-converters/devices`. */
  readonly file: string;
  readonly kind: ProductKind;
}

const known = (modelId: string, model: string, file: string, kind: ProductKind): KnownProduct => ({
  modelId,
  model,
  file,
  kind,
});

/** Nineteen products of eleven vendors; `loadProduct` takes any of about four thousand more. */
export const PRODUCTS: readonly KnownProduct[] = [
  known("aqara/WSDCGQ11LM", "WSDCGQ11LM", "lumi", "climate-sensor"),
  known("sonoff/SNZB-02", "SNZB-02", "sonoff", "climate-sensor"),
  known("aqara/MCCGQ11LM", "MCCGQ11LM", "lumi", "contact"),
  known("aqara/RTCGQ11LM", "RTCGQ11LM", "lumi", "motion"),
  known("aqara/SJCGQ11LM", "SJCGQ11LM", "lumi", "leak"),
  known("smartthings/IM6001-WLP01", "IM6001-WLP01", "smartthings", "leak"),
  known("aqara/VOCKQJK11LM", "VOCKQJK11LM", "lumi", "air"),
  known("ikea/E2112", "E2112", "ikea", "air"),
  known("philips/9290022166", "9290022166", "philips", "light"),
  known("ikea/LED1836G9", "LED1836G9", "ikea", "light"),
  known("innr/SP-240", "SP 240", "innr", "plug"),
  known("tuya/TS011F_plug_1", "TS011F_plug_1", "tuya", "plug"),
  known("sonoff/S31ZB", "S31ZB", "sonoff", "plug"),
  known("danfoss/014G2461", "014G2461", "danfoss", "thermostat"),
  known("bosch/BTH-RA", "BTH-RA", "bosch", "thermostat"),
  known("ikea/E1757", "E1757", "ikea", "cover"),
  known("heiman/HS2WD-E", "HS2WD-E", "heiman", "siren"),
  known("yale/YRD426NRSC", "YRD426NRSC", "yale", "lock"),
  known("ikea/E2201", "E2201", "ikea", "remote"),
];
