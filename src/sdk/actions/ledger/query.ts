import type {
  DeviceView,
  EvidenceDocumentView,
  EvidenceRecord,
  IssuerView,
  LinkageView,
  MemberRecord,
  ModelRecord,
  NodeRecord,
  Page,
  Parameters,
  ProposalRecord,
  QueryArgs,
  QueryName,
  RecognitionView,
  SchemaRecord,
  SchemaVersionRecord,
  StatusListRecord,
  TopicRecord,
  ValidatorsRecord,
} from "#protocol";
import type { DidVersions, ResolvedDid, RootRecord } from "../../answers.ts";
import type { Client } from "../../client.ts";
import { groupIdOfClient } from "../../group.ts";
import { type CallOptions, callJson } from "../../request.ts";

/** What each query answers. */
export interface QueryAnswers {
  readonly "members.list": Page<MemberRecord>;
  readonly "members.get": MemberRecord;
  readonly "members.parameters": Parameters;
  readonly "members.proposals": Page<ProposalRecord>;
  readonly "members.proposal": ProposalRecord;
  readonly "identity.resolve": ResolvedDid;
  readonly "identity.versions": DidVersions;
  readonly "devices.roots": Page<RootRecord>;
  readonly "devices.models": Page<ModelRecord>;
  readonly "devices.model": ModelRecord;
  readonly "devices.list": Page<DeviceView>;
  readonly "devices.get": DeviceView;
  readonly "linkages.list": Page<LinkageView>;
  readonly "linkages.get": LinkageView;
  readonly "nodes.list": Page<NodeRecord>;
  readonly "nodes.get": NodeRecord;
  readonly "nodes.validators": ValidatorsRecord;
  readonly "topics.list": Page<TopicRecord>;
  readonly "topics.get": TopicRecord;
  readonly "issuers.list": Page<IssuerView>;
  readonly "issuers.get": IssuerView;
  readonly "issuers.recognised": RecognitionView;
  readonly "issuers.schemas": Page<SchemaRecord>;
  readonly "issuers.schema": SchemaRecord;
  readonly "issuers.schemaVersions": Page<SchemaVersionRecord>;
  readonly "issuers.schemaVersion": SchemaVersionRecord;
  readonly "statuses.list": Page<StatusListRecord>;
  readonly "statuses.get": StatusListRecord;
  readonly "evidence.list": Page<EvidenceRecord>;
  readonly "evidence.get": EvidenceRecord;
  readonly "evidence.document": EvidenceDocumentView;
}

/** What a query answers. */
export type QueryAnswer<Name extends QueryName> = QueryAnswers[Name];

/**
 * Asks the ledger a named question.
 *
 * @throws HansaError `query.not-found` where there is no such record
 * @example
 * ```ts
 * const device = await query(client, "devices.get", { device: did });
 * console.log(device.effective);
 * ```
 */
export async function query<Name extends QueryName>(
  client: Client,
  name: Name,
  args: QueryArgs<Name>,
  options: CallOptions = {},
): Promise<QueryAnswer<Name>> {
  const group = await groupIdOfClient(client, options.signal);
  const parameters = { group, query: name };
  const fields = args as Readonly<Record<string, string | number | undefined>>;
  return callJson<QueryAnswer<Name>>(client, "query", { ...options, parameters, query: fields });
}
