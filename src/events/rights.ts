/** What this room asks of the ledger. The node implements it over its replica; whatever it does not know is refused. */

/** Whoever a connection token proved. */
export interface Principal {
  readonly did: string;
  /** Last part of the DID: names a device in topics. */
  readonly fingerprint: string;
  readonly kind: "device" | "member" | "subject";
  /** When the token ends, milliseconds. It bounds opening, not what was opened: that ends with `stillValid`. */
  readonly expires: number;
}

/** Who may do what, by the ledger's current state. All calls are synchronous and cheap: they stand on the path of events. */
export interface EventRights {
  /**
   * Verifies a connection token against the ledger's current state.
   *
   * @throws HansaError with the reason
   */
  authenticate(token: string): Principal;
  /** Asked again after blocks: false once revoked, quarantined, or the key is gone. */
  stillValid(principal: Principal): boolean;
  /** The longest open topic that is the name itself or above it, and what is below (`""` for the topic itself). */
  resolve(name: string): { readonly topic: string; readonly path: string } | undefined;
  mayPublish(principal: Principal, topic: string, path: string): boolean;
  /** @param filter - relative to the topic, MQTT wildcards; a path without wildcards asks for that path */
  maySubscribe(principal: Principal, topic: string, filter: string): boolean;
  /**
   * Whether any rule lets it read anything below the topic. Without it a reader whose page holds nothing for him is refused
   * unless he may read all.
   */
  maySubscribeAny?(principal: Principal, topic: string): boolean;
}
