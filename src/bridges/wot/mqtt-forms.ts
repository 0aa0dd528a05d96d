/** Forms of the WoT MQTT binding: where a consumer finds a device's properties, actions and events. */
import { commandTopic, eventPath, propertyPath } from "#protocol";
import {
  type Affordances,
  type Form,
  MQTT_CONTEXT,
  TD_CONTEXT,
  type ThingDescription,
  type ThingModel,
  validateThing,
} from "./thing-description.ts";

/** One device, and where it speaks. */
export interface DevicePlace {
  /** DID of the device. */
  readonly did: string;
  /** Fingerprint of its DID: its level in topics. */
  readonly fingerprint: string;
  /** Topic of its operator, such as `acme/things`. */
  readonly topic: string;
  /** URL of the operator's broker: `mqtt://host:port` or `mqtts://…`. */
  readonly broker: string;
}

/** First entry of every context that Hansa writes, and the prefixes that it uses. */
export const CONTEXT = [TD_CONTEXT, { mqv: MQTT_CONTEXT }] as const;

const listen = (href: string, filter: string, op: readonly string[]): Form => ({
  href,
  op,
  contentType: "application/json",
  "mqv:controlPacket": "subscribe",
  "mqv:filter": filter,
  "mqv:qos": "1",
});

const send = (href: string, topic: string, op: string): Form => ({
  href,
  op,
  contentType: "application/json",
  "mqv:controlPacket": "publish",
  "mqv:topic": topic,
  "mqv:qos": "1",
});

/**
 * The full Thing Description of one device of a model: id, forms and security put in.
 *
 * Properties and events are observed below the operator's topic. Writing and invoking go to the device's command topic, to
 * which only its node publishes: others do it through a linkage.
 *
 * @throws HansaError `bridge.thing-invalid` where the model or the place is not well-formed
 */
export function placeThing(model: ThingModel, place: DevicePlace): ThingDescription {
  const { "@type": types, properties, actions, events, ...head } = model;
  const commands = commandTopic(place.fingerprint);
  const kinds = [types].flat().filter((type) => type !== "tm:ThingModel");
  const placed: Affordances = {
    properties: mapValues(properties, (property, name) => ({
      ...property,
      forms: [
        listen(place.broker, `${place.topic}/${propertyPath(place.fingerprint, name)}`, [
          "observeproperty",
          "unobserveproperty",
        ]),
        ...(property.readOnly === true ? [] : [send(place.broker, commands, "writeproperty")]),
      ],
    })),
    actions: mapValues(actions, (action) => ({ ...action, forms: [send(place.broker, commands, "invokeaction")] })),
    events: mapValues(events, (event, name) => ({
      ...event,
      forms: [
        listen(place.broker, `${place.topic}/${eventPath(place.fingerprint, name)}`, [
          "subscribeevent",
          "unsubscribeevent",
        ]),
      ],
    })),
  };
  return validateThing({
    ...head,
    ...(kinds.length === 0 ? {} : { "@type": kinds }),
    id: place.did,
    securityDefinitions: {
      connect: {
        scheme: "bearer",
        format: "jwt",
        alg: "EdDSA",
        in: "auto",
        description: "MQTT: user name is the DID, password a connection token that its key signed.",
      },
    },
    security: ["connect"],
    ...placed,
  });
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}
