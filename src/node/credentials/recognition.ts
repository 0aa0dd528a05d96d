import { Value } from "@sinclair/typebox/value";
import { CredentialType, isDid, type RecognitionView } from "#protocol";
import { nodeError } from "../errors.ts";
import type { GroupService } from "../group-service.ts";

/** `VerifiableCredential` says nothing of what a credential is about. */
const ANY_TYPE = "VerifiableCredential";

/**
 * Whether a group's members recognised an issuer, by this node's own replica of the ledger.
 *
 * @param mayRead - groups that the asker may not read look as if they were not there
 * @throws HansaError `http.unknown-group`
 */
export function recognitionIn(
  groups: readonly GroupService[],
  wanted: string | undefined,
  mayRead: (id: string) => boolean,
): (issuer: string, types: readonly string[], time: number) => boolean {
  const readable = groups.filter(({ ledger }) => mayRead(ledger.group.id));
  const group =
    wanted === undefined
      ? readable[0]
      : readable.find(({ name, ledger }) => name === wanted || ledger.group.id === wanted);
  if (group === undefined)
    throw nodeError("http.unknown-group", "this node serves no such group", {
      groups: readable.map(({ name }) => name),
    });
  return (issuer, types, time) => {
    if (!isDid(issuer)) return false;
    // Each of the types says something that somebody has to be trusted with.
    return (types.length === 0 ? [ANY_TYPE] : types).every((type) => isRecognised(group, issuer, type, time));
  };
}

function isRecognised({ ledger }: GroupService, issuer: string, type: string, time: number): boolean {
  const args = { issuer, type, time: Math.max(0, Math.floor(time)) };
  // What cannot be the name of a type on the ledger is none that anybody was recognised for.
  if (!Value.Check(CredentialType, type)) return false;
  return (ledger.query("issuers.recognised", args) as RecognitionView).recognised;
}
