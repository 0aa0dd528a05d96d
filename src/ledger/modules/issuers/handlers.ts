import { forbidden, type Handlers } from "../../kernel/module.ts";
import { refuse } from "./errors.ts";
import type { IssuersNeeds } from "./needs.ts";
import { readSchema, readSchemaVersion, schemaKey, schemaVersionKey } from "./records.ts";

export function issuerHandlers(needs: IssuersNeeds): Handlers<"issuers"> {
  return {
    "issuers.registerSchema"({ state, issuer, time, emit }, { schema, version, type, digest, uri = null }) {
      if (!needs.isActiveMember(state, issuer)) throw forbidden("an active member of the group");
      const before = readSchema(state, schema);
      if (before !== undefined && before.publisher !== issuer)
        throw refuse("issuers.schema-publisher", `${before.publisher} publishes ${schema}`, {
          schema,
          publisher: before.publisher,
        });
      if (readSchemaVersion(state, schema, version) !== undefined)
        throw refuse("issuers.schema-exists", `${schema} has a version ${version}`, { schema, version });
      // The text stays off the ledger: its digest says all that a verifier needs, and what is once on a ledger can never be taken back.
      const registered = { schema, version, type, publisher: issuer, digest, uri, at: time };
      state.put(schemaVersionKey(schema, version), registered);
      state.put(schemaKey(schema), {
        schema,
        publisher: issuer,
        latest: version,
        versions: (before?.versions ?? 0) + 1,
        since: before?.since ?? time,
      });
      emit("issuers.schemaRegistered", [schemaKey(schema), issuer], { schema, version, type, digest });
    },
  };
}
