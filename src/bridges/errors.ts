import { type ErrorTable, errorsOf } from "#base";

/** What can go wrong between Hansa and a device of a real platform. */
export const BRIDGE_ERRORS = {
  "bridge.action-unknown": {
    status: 404,
    meaning: "The device's Thing Description has no such action.",
    advice: "Look the action up in the Thing Description; names are case-sensitive.",
  },
  "bridge.busy": {
    status: 503,
    meaning: "As many commands are under way as the bridge allows.",
    advice: "Send it again when earlier commands are answered.",
  },
  "bridge.closed": {
    status: 409,
    meaning: "The device or bridge was closed.",
    advice: "Open a new one.",
  },
  "bridge.device-unknown": {
    status: 404,
    meaning: "No such device was discovered on this broker.",
    advice: "See `devices()` for what was; the hub must publish its discovery messages retained.",
  },
  "bridge.discovery-invalid": {
    status: 422,
    meaning: "A discovery message cannot be used: it is malformed, or names topics that it must not.",
    advice: "Compare it with Home Assistant's MQTT documentation of its component.",
  },
  "bridge.event-unknown": {
    status: 404,
    meaning: "The device's Thing Description has no such event.",
    advice: "Look the event up in the Thing Description; names are case-sensitive.",
  },
  "bridge.expired": {
    status: 410,
    meaning: "The command reached the device after its time.",
    advice: "Send a new one: an old command may no longer be what anybody wants.",
  },
  "bridge.limit": {
    status: 503,
    meaning: "The bridge holds as many devices or entities as it may.",
    advice: "Raise the bridge's limits, or run a second bridge.",
  },
  "bridge.message-malformed": {
    status: 400,
    meaning: "A message between node and device does not fit its schema.",
    advice: "See `device-messages` in the reference for commands and results.",
  },
  "bridge.message-too-large": {
    status: 413,
    meaning: "A message is larger than allowed.",
    advice: "Commands have at most 8 KiB, results 1 KiB, discovery and state messages 64 KiB.",
  },
  "bridge.product-unknown": {
    status: 404,
    meaning: "There is no product definition of this model.",
    advice: "Use the model name as zigbee-herdsman-converters has it, such as WSDCGQ11LM.",
  },
  "bridge.product-unusable": {
    status: 500,
    meaning: "A product definition has not the shape that this version reads.",
    advice: "Use the version of zigbee-herdsman-converters that Hansa names in its package.json.",
  },
  "bridge.property-unknown": {
    status: 404,
    meaning: "The device's Thing Description has no such property.",
    advice: "Look the property up in the Thing Description; names are case-sensitive.",
  },
  "bridge.read-only": {
    status: 403,
    meaning: "The property can be read only.",
    advice: "Choose a property without `readOnly`.",
  },
  "bridge.thing-invalid": {
    status: 422,
    meaning: "A Thing Description does not fit W3C WoT Thing Description 1.1 or Hansa's limits.",
    advice: "Correct what `problem` names at `path`.",
  },
  "bridge.timeout": {
    status: 504,
    meaning: "The device did not answer in time.",
    advice: "See whether it is connected; it may still carry the command out.",
  },
  "bridge.unavailable": {
    status: 503,
    meaning: "The device is not reachable now.",
    advice: "See whether it has power and its hub is running.",
  },
  "bridge.unsupported-template": {
    status: 422,
    meaning: "A template does more than name a value; Hansa runs no program that arrives in a message.",
    advice: "Use {{ value }}, {{ value_json.name }} or {{ value_json['name'] }}, with float, int or round.",
  },
  "bridge.value": {
    status: 422,
    meaning: "A value does not fit the data schema of its property or input.",
    advice: "Keep to type, range, step and list of the Thing Description.",
  },
} as const satisfies ErrorTable;

export type BridgeErrorCode = keyof typeof BRIDGE_ERRORS;
export const bridgeError = errorsOf(BRIDGE_ERRORS);
