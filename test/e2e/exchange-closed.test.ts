import { afterAll, beforeAll, expect, it } from "vitest";
import { createSigner } from "#crypto";
import { createGrantId, decodeReleaseRequest, ROUTES, type RouteName, signReleaseRequest } from "#protocol";
import { createParty, type Party, signRelease } from "#sdk";
import { createIdentity } from "./devices.suite.ts";
import { asked, give } from "./exchange.suite.ts";
import { Alliance } from "./member.suite.ts";

let alliance: Alliance;
/** Of the same alliance, and unknown to the group. */
const stranger = createParty("hanse", createSigner("Ed25519"));

beforeAll(async () => {
  alliance = await Alliance.create({ parameters: { reads: "parties" } });
  await alliance.up({ HANSA_LOG_LEVEL: "warn" });
  await createIdentity(alliance, "alice");
});
afterAll(() => alliance.remove());

async function post(name: RouteName, body: string): Promise<unknown> {
  const { path, body: types } = ROUTES[name] as { path: string; body: readonly string[] };
  const response = await fetch(`${alliance.node.url}${path.replace(":group", alliance.groupId)}`, {
    method: "POST",
    headers: { "content-type": types[0] as string },
    body,
  });
  const answer = (await response.json()) as { readonly code?: string; readonly nonce?: string };
  return response.ok ? { nonce: answer.nonce?.length } : { ...answer, status: response.status };
}

it("a closed group's provider tells a stranger the same of who there is and who is not, and of grants that there are and are not", async () => {
  const member = alliance.party("acme").did;
  const resource = { kind: "dataset", dataset: "homes/one" } as const;
  const terms = await give(alliance, resource);
  const { request } = await signRelease(alliance.as("borea"), { ...asked(alliance, terms), action: "read" });
  const claims = decodeReleaseRequest(request).request;
  const signedBy = ({ kid, signer }: Party, change: Partial<typeof claims>) =>
    signReleaseRequest({ ...claims, ...change }, kid, signer);

  const nonces = [member, stranger.did].map((provider) =>
    post("exchangeNonce", JSON.stringify({ recipient: stranger.did, provider, resource })),
  );
  const [known, unknown] = await Promise.all(nonces);
  expect([known, unknown]).toEqual([{ nonce: 48 }, { nonce: 48 }]);

  const unknownGrant = [{ ...(claims.terms[0] as (typeof claims.terms)[0]), grant: createGrantId() }];
  const asStranger = { iss: stranger.did };
  for (const route of ["exchangeRelease", "exchangeSubscribe"] as const) {
    const answers = await Promise.all(
      [
        signedBy(stranger, asStranger),
        signedBy(stranger, { ...asStranger, aud: stranger.did }),
        signedBy(stranger, { ...asStranger, terms: unknownGrant }),
        signedBy(stranger, { ...asStranger, nonce: "A".repeat(48) }),
        // In the name of a member, with a key that is not its own.
        signedBy({ ...stranger, kid: claims.iss + stranger.kid.slice(stranger.kid.indexOf("#")) }, {}),
        signedBy({ ...alliance.party("borea"), signer: stranger.signer }, { aud: stranger.did }),
      ].map((text) => post(route, text)),
    );
    expect(answers[0]).toMatchObject({ status: 401, code: "exchange.signature" });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  }
  // Whoever is known hears what is wrong.
  expect(await post("exchangeRelease", signedBy(alliance.party("borea"), { aud: stranger.did }))).toMatchObject({
    code: "exchange.wrong-provider",
  });
});
