export {
  CommandMessage,
  decodeCommandMessage,
  decodeResultMessage,
  encodeCommandMessage,
  encodeMessage,
  MAX_COMMAND_BYTES,
  MAX_RESULT_BYTES,
  ResultMessage,
} from "./device-messages.ts";
export { BRIDGE_ERRORS, type BridgeErrorCode } from "./errors.ts";
export type { ConnectionStatus } from "./mqtt/connection.ts";
export {
  type DeviceAction,
  DiscoveryBridge,
  type DiscoveryBridgeOptions,
} from "./mqtt/discovery-bridge.ts";
export { type ActResult, MqttDeviceActor, type MqttDeviceActorOptions } from "./mqtt-actor.ts";
export { SimulatedDevice, type SimulatedDeviceOptions } from "./simulator/device.ts";
export { describeDevice, loadProduct, modelIdOf, type Product } from "./simulator/product.ts";
export { type KnownProduct, PRODUCTS, type ProductKind } from "./simulator/products.ts";
export { checkValue, type DataSchema } from "./wot/data-schema.ts";
export { type DevicePlace, placeThing } from "./wot/mqtt-forms.ts";
export {
  type ActionAffordance,
  type Affordances,
  type EventAffordance,
  type Form,
  type PropertyAffordance,
  parseThing,
  type ThingDescription,
  type ThingModel,
  validateThing,
  validateThingModel,
} from "./wot/thing-description.ts";
