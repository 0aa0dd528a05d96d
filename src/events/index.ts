export * from "./batch-anchor.ts";
export * from "./cloud-event.ts";
export * from "./durable-map.ts";
export * from "./errors.ts";
export * from "./log/checkpoint-anchor.ts";
export { type EventProof, type EventProofTrust, verifyEventProof } from "./log/event-proof.ts";
export * from "./log/topic-logs.ts";
export * from "./rights.ts";
export { isTopicFilter, isTopicName, matchesFilter } from "./topic-filter.ts";
export {
  type EventHandlers,
  type LiveRequest,
  liveEvents,
  proveEvent,
  publishEvent,
  readEvents,
} from "./transports/http/event-handlers.ts";
export { MQTT_LIMITS, type MqttLimits } from "./transports/mqtt/mqtt-limits.ts";
export * from "./transports/mqtt/mqtt-transport.ts";
export { startMqtt } from "./transports/mqtt/start-mqtt.ts";
