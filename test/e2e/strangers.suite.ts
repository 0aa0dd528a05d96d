/** Everybody in an alliance who has no home: owners, devices, a maker's root. */
import { createSigner } from "#crypto";
import { createParty, type Party } from "#sdk";

/** A key is made on first use, and lives in this process alone. */
export class Strangers {
  readonly #alliance: string;
  readonly #parties = new Map<string, Party>();

  constructor(alliance: string) {
    this.#alliance = alliance;
  }

  party(name: string): Party {
    let party = this.#parties.get(name);
    if (party === undefined) {
      // Devices sign with P-256, as secure elements do.
      party = createParty(this.#alliance, createSigner(name.startsWith("device/") ? "P-256" : "Ed25519"));
      this.#parties.set(name, party);
    }
    return party;
  }
}
