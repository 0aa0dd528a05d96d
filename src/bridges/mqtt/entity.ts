/** One entity of a discovery message, as properties and actions with the topics behind them. */
import type { Json } from "#base";
import { bridgeError } from "../errors.ts";
import { affordanceName } from "../wot/affordance-name.ts";
import type { ActionAffordance, PropertyAffordance } from "../wot/thing-description.ts";
import { type Config, isObject } from "./discovery.ts";
import { parseTemplate, readTemplate, renderTemplate, type Template, textOf } from "./template.ts";

/** A property that a state topic tells. */
export interface Reading {
  readonly topic: string;
  readonly property: string;
  /** Value of a payload; `undefined` where it has none for this property. */
  readonly decode: (payload: string) => Json | undefined;
}

/** A property or action that a command topic takes. */
export interface Order {
  readonly topic: string;
  /** Payload for a value (an action has none); `undefined` where there is none for it. */
  readonly encode: (value: Json) => string | undefined;
  readonly retain: boolean;
}

export interface Availability {
  readonly topic: string;
  readonly decode: (payload: string) => boolean | undefined;
}

/** What an entity gives its device. */
export interface Entity {
  readonly properties: Readonly<Record<string, PropertyAffordance>>;
  readonly actions: Readonly<Record<string, ActionAffordance>>;
  readonly readings: readonly Reading[];
  readonly orders: ReadonlyMap<string, Order>;
  readonly availability: readonly Availability[];
  readonly availabilityMode: "all" | "any" | "latest";
  /** Members of the message that say more than the bridge understands, with the reason. */
  readonly unsupported: readonly string[];
}

/** Topics that a discovery message may name: no wildcards, no broker internals, not Hansa's own. */
const TOPIC = /^(?!\$)(?!hansa\/)[^#+\p{Cc}]{1,256}$/u;

/** Collects an entity while its component's builder reads the message. */
export class EntityDraft {
  readonly key: string;
  readonly config: Config;
  readonly properties: Record<string, PropertyAffordance> = {};
  readonly actions: Record<string, ActionAffordance> = {};
  readonly readings: Reading[] = [];
  readonly orders = new Map<string, Order>();
  readonly unsupported: string[] = [];

  constructor(key: string, config: Config) {
    this.key = key;
    this.config = config;
  }

  /** A text member; numbers and booleans as their JSON. */
  text(name: string, otherwise: string): string {
    const value = this.config[name];
    return value === undefined || value === null || typeof value === "object" ? otherwise : textOf(value);
  }

  number(name: string, otherwise: number): number {
    const value = Number(this.config[name] ?? otherwise);
    return Number.isFinite(value) ? value : otherwise;
  }

  texts(name: string): string[] | undefined {
    const value = this.config[name];
    if (!Array.isArray(value) || value.length === 0) return undefined;
    return [...new Set(value.filter((each) => typeof each !== "object").map((each) => textOf(each as Json)))].slice(
      0,
      256,
    );
  }

  /** @throws HansaError `bridge.discovery-invalid` for a topic with wildcards and the like */
  topic(name: string): string | undefined {
    const value = this.config[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "string" || !TOPIC.test(value))
      throw bridgeError("bridge.discovery-invalid", `${name} is not a topic that a device may name`, { member: name });
    return value;
  }

  /** A template member: its parts, `null` where there is none, `undefined` where it is beyond the simple forms. */
  template(name: string, variables: readonly string[]): Template | null | undefined {
    const value = this.config[name];
    if (value === undefined || value === null) return null;
    try {
      return parseTemplate(textOf(value), variables);
    } catch (error) {
      this.unsupported.push(`${name}: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** Adds a property that is told on a topic; left out where topic or template is missing or not understood. */
  read(
    property: string,
    schema: PropertyAffordance,
    topicName: string,
    templateName: string | undefined,
    decode: (value: Json) => Json | undefined,
    fallback?: string,
  ): void {
    const topic = this.topic(topicName);
    const template =
      templateName === undefined
        ? null
        : this.config[templateName] === undefined && fallback !== undefined
          ? parseTemplate(fallback, ["value", "value_json"])
          : this.template(templateName, ["value", "value_json"]);
    if (topic === undefined || template === undefined) return;
    this.declare(property, { ...schema, readOnly: true, observable: true });
    this.readings.push({
      topic,
      property,
      decode: (payload) => {
        const value = template === null ? payload : readTemplate(template, payload);
        return value === undefined || value === null ? undefined : decode(value);
      },
    });
  }

  /** Makes a property writable by a command topic. */
  write(
    property: string,
    schema: PropertyAffordance,
    topicName: string,
    templateName: string | undefined,
    encode: (value: Json) => Json | undefined,
    variables: readonly string[] = ["value"],
  ): void {
    const topic = this.topic(topicName);
    const template = templateName === undefined ? null : this.template(templateName, variables);
    if (topic === undefined || template === undefined) return;
    this.declare(property, { observable: false, ...this.properties[property], ...schema, readOnly: false });
    this.orders.set(property, {
      topic,
      retain: this.config["retain"] === true,
      encode: (value) => {
        const encoded = encode(value);
        if (encoded === undefined) return undefined;
        if (template === null) return textOf(encoded);
        return renderTemplate(template, Object.fromEntries(variables.map((name) => [name, encoded])));
      },
    });
  }

  /** Adds an action that publishes one payload. */
  does(action: string, topicName: string, payload: string, templateName?: string): void {
    const topic = this.topic(topicName);
    const template = templateName === undefined ? null : this.template(templateName, ["value"]);
    if (topic === undefined || template === undefined) return;
    const text = template === null ? payload : renderTemplate(template, { value: payload });
    const name = affordanceName(action);
    if (text === undefined || name === undefined) return;
    this.actions[name] = { title: this.text("name", this.key).slice(0, 128) };
    this.orders.set(name, { topic, retain: this.config["retain"] === true, encode: () => text });
  }

  declare(property: string, schema: PropertyAffordance): void {
    const title = this.config["name"];
    this.properties[property] = {
      ...(typeof title === "string" && title !== "" ? { title: title.slice(0, 128) } : {}),
      ...schema,
    };
  }

  build(): Entity {
    const mode = this.config["availability_mode"];
    return {
      properties: this.properties,
      actions: this.actions,
      readings: this.readings,
      orders: this.orders,
      availability: this.#availability(),
      availabilityMode: mode === "all" || mode === "any" ? mode : "latest",
      unsupported: this.unsupported,
    };
  }

  #availability(): Availability[] {
    const several = this.config["availability"];
    const entries: readonly Json[] = Array.isArray(several)
      ? several
      : this.config["availability_topic"] === undefined
        ? []
        : [
            {
              topic: this.config["availability_topic"],
              payload_available: this.config["payload_available"] ?? "online",
              payload_not_available: this.config["payload_not_available"] ?? "offline",
              ...(this.config["availability_template"] === undefined
                ? {}
                : { value_template: this.config["availability_template"] }),
            },
          ];
    return entries.filter(isObject).flatMap((entry) => {
      const draft = new EntityDraft(this.key, entry);
      const topic = draft.topic("topic");
      const template = draft.template("value_template", ["value", "value_json"]);
      this.unsupported.push(...draft.unsupported.map((each) => `availability ${each}`));
      if (topic === undefined || template === undefined) return [];
      const [yes, no] = [draft.text("payload_available", "online"), draft.text("payload_not_available", "offline")];
      return [
        {
          topic,
          decode: (payload: string) => {
            const value = template === null ? payload : readTemplate(template, payload);
            if (value === undefined) return undefined;
            return textOf(value) === yes ? true : textOf(value) === no ? false : undefined;
          },
        },
      ];
    });
  }
}
