import { encodeBase64Url } from "#base";
import { randomBytes } from "#crypto";
import {
  credentialSigner,
  type DidMethod,
  DidResolver,
  issueSdJwt,
  makeKeyFinder,
  presentSdJwt,
  type VerifiedSdJwt,
  verifySdJwt,
} from "#identity";
import { query, resolveDid } from "#sdk";
import { type CastDevice, FIRMWARE, type MemberName } from "./cast.ts";
import { decide } from "./members-step.ts";
import { type Report, refusalOf, type Stage } from "./stage.ts";

/** Type of the credential, for which the members recognise issuers. */
const TYPE = "DeviceCertification";

const now = () => Math.floor(Date.now() / 1000);

/** The owner asks whether the meter is a certified one: the lab says it in a credential, the platform shows it, to this owner alone. */
export async function showCertificate(stage: Stage, report: Report, device: CastDevice): Promise<void> {
  await recogniseLab(stage, report);
  const nonce = encodeBase64Url(randomBytes(16));
  const credential = await certify(stage, "delphi", device);
  const shown = present(stage, device, credential, nonce);
  const { claims, issuer, disclosed } = await verify(stage, shown, nonce);
  report.check(
    `delphi's credential on the meter, shown by ${device.platform} to the owner: ${claims["deviceModel"]} is certified with firmware ${claims["firmware"]}, and no more is told`,
    issuer === stage.party("delphi").did &&
      claims["sub"] === stage.did(device) &&
      disclosed.length === 2 &&
      !("certificationReport" in claims),
  );
  const foreign = present(stage, device, await certify(stage, "castor", device), nonce);
  const unknown = await refusalOf(verify(stage, foreign, nonce));
  report.check(
    `the same from its maker, who is no recognised issuer, is refused: ${unknown.code}`,
    unknown.code === "credentials.issuer",
  );
  const replayed = await refusalOf(verify(stage, shown, encodeBase64Url(randomBytes(16))));
  report.check(
    `what was shown once answers no second question: ${replayed.code}`,
    replayed.code === "credentials.challenge",
  );
  report.byHand("hansa issuer list");
}

/** Who may issue what is the members' decision. */
async function recogniseLab(stage: Stage, report: Report): Promise<void> {
  const issuer = stage.party("delphi").did;
  if (await isRecognised(stage, issuer)) return;
  const { voters } = await decide(stage, { kind: "recogniseIssuer", issuer, type: TYPE });
  report.say(`${voters.join(", ")} vote: delphi is recognised as issuer of ${TYPE} credentials`);
}

async function isRecognised(stage: Stage, issuer: string): Promise<boolean> {
  return (await query(stage.as("owner"), "issuers.recognised", { issuer, type: TYPE })).recognised;
}

/** An SD-JWT VC for the platform that operates the device. */
async function certify(stage: Stage, issuer: MemberName, device: CastDevice): Promise<string> {
  const { modelId } = await stage.product(device);
  const model = await query(stage.as(issuer), "devices.model", { model: modelId });
  const certification = model.certifications.find(({ firmware }) => firmware === FIRMWARE);
  const claims = {
    vct: TYPE,
    iat: now(),
    exp: certification?.until ?? now(),
    sub: stage.did(device),
    deviceModel: modelId,
    firmware: FIRMWARE,
    certificationReport: certification?.evidence ?? "",
  };
  return issueSdJwt(claims, credentialSignerOf(stage, issuer), {
    disclose: [["deviceModel"], ["firmware"], ["certificationReport"]],
    decoys: 2,
    holderKey: credentialSignerOf(stage, device.platform),
  });
}

function present(stage: Stage, device: CastDevice, credential: string, nonce: string): string {
  return presentSdJwt(credential, {
    disclose: [["deviceModel"], ["firmware"]],
    keyBinding: {
      signer: credentialSignerOf(stage, device.platform),
      audience: stage.party("owner").did,
      nonce,
      issuedAt: now(),
    },
  });
}

/** As the owner does it: keys from the issuer's DID document, recognition from the ledger. */
function verify(stage: Stage, shown: string, nonce: string): Promise<VerifiedSdJwt> {
  const hansa: DidMethod = {
    name: "hansa",
    options: [],
    async resolve({ did }) {
      const { didDocument, didDocumentMetadata } = await resolveDid(stage.as("owner"), did);
      return { document: didDocument, metadata: didDocumentMetadata };
    },
  };
  return verifySdJwt(shown, {
    keys: makeKeyFinder(new DidResolver([hansa]), { mayRead: () => true }),
    now: Date.now(),
    types: [TYPE],
    recognised: (issuer) => isRecognised(stage, issuer),
    keyBinding: { audience: stage.party("owner").did, nonce },
  });
}

function credentialSignerOf(stage: Stage, name: MemberName) {
  const { did, kid, signer } = stage.party(name);
  return credentialSigner(signer, { id: kid, controller: did });
}
