import type { IssuerRecord, IssuerView, RecognitionView } from "#protocol";
import { pageOf, type Queries } from "../../kernel/module.ts";
import type { Reader } from "../../state/state.ts";
import type { IssuersNeeds } from "./needs.ts";
import {
  ISSUER_PREFIX,
  issuersOfType,
  readIssuer,
  readSchema,
  readSchemaVersion,
  SCHEMA_PREFIX,
  versionsOfSchema,
  wasRecognised,
} from "./records.ts";

export function issuerQueries(needs: IssuersNeeds): Queries<"issuers"> {
  const view = (state: Reader, record: IssuerRecord): IssuerView => ({
    ...record,
    effective:
      record.status === "recognised" && !needs.isActiveMember(state, record.issuer) ? "suspended" : record.status,
  });
  return {
    "issuers.list": ({ state }, { type, ...page }) => {
      const found = pageOf<IssuerRecord>(state, type === undefined ? ISSUER_PREFIX : issuersOfType(type), page);
      return { ...found, items: found.items.map((record) => view(state, record)) };
    },
    "issuers.get": ({ state }, { issuer, type }) => {
      const record = readIssuer(state, issuer, type);
      return record === undefined ? undefined : view(state, record);
    },
    // An answer in any case: that somebody is unknown is what a verifier wants to know.
    "issuers.recognised": ({ state, time: now }, { issuer, type, time = now }): RecognitionView => ({
      issuer,
      type,
      time,
      recognised: wasRecognised(state, issuer, type, time),
    }),
    "issuers.schemas": ({ state }, args) => pageOf(state, SCHEMA_PREFIX, args),
    "issuers.schema": ({ state }, { schema }) => readSchema(state, schema),
    "issuers.schemaVersions": ({ state }, { schema, ...page }) => pageOf(state, versionsOfSchema(schema), page),
    "issuers.schemaVersion": ({ state }, { schema, version }) => readSchemaVersion(state, schema, version),
  };
}
