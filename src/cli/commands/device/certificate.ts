import { encodeBase64Url, encodeUtf8 } from "#base";
import { decodeMultikey, type PublicKey, randomBytes, sha256 } from "#crypto";
import { type DeviceCertificate, keyIdOf, signCertificate } from "#protocol";
import { defineCommand } from "../../command.ts";
import { writeNewFile } from "../../home/files.ts";
import { type Moment, parseMoment } from "../../parse.ts";

interface Options {
  readonly root: string;
  readonly model: string;
  readonly serial?: string;
  readonly serialDigest?: string;
  readonly until?: Moment;
  readonly out?: string;
}

export const deviceCertificate = defineCommand<[device: string], Options>({
  name: "certificate",
  summary: "Sign a device's certificate with a root key of this home, as its maker. Sends nothing.",
  arguments: [{ name: "<key>", description: "the device's key: a public key as Multikey, or its name in the home" }],
  options: [
    { flags: "--root <name>", description: "name of the root key in the home", required: true },
    { flags: "--model <model>", description: "<vendor id>/<product id>", required: true },
    { flags: "--serial <number>", description: "serial number; only its salted digest is told, the salt is printed" },
    { flags: "--serial-digest <digest>", description: "in its place: the salted digest, base64url" },
    { flags: "--until <moment>", description: "when it ends (10y)", parse: parseMoment },
    { flags: "--out <file>", description: "where to write it; printed where left out" },
  ],
  examples: ["hansa device certificate lamp --root line-2 --model acme/T1 --serial 0042 --out lamp.cert --as acme"],
  async run(shell, options, key) {
    const maker = await shell.party();
    const root = (await shell.keys()).signer(options.root);
    const publicKey = await shell.multikey(key);
    const salt = encodeBase64Url(randomBytes(16));
    const now = shell.io.now();
    const certificate: DeviceCertificate = {
      iss: maker.did,
      sub: await shell.didOfKey(decodeMultikey(publicKey) as PublicKey),
      key: publicKey,
      model: options.model,
      serial: options.serialDigest ?? encodeBase64Url(sha256(encodeUtf8(`${salt}\0${options.serial ?? ""}`))),
      iat: Math.floor(now / 1000),
      exp: (options.until ?? parseMoment("10y"))(now),
    };
    const rootKey = { algorithm: root.algorithm, bytes: root.publicKey };
    const token = signCertificate(certificate, keyIdOf(maker.did, rootKey), root);
    if (options.out !== undefined) writeNewFile(shell.path(options.out), `${token}\n`);
    const salted = options.serialDigest === undefined;
    const text =
      options.out === undefined
        ? token
        : shell.fields([
            ["file", options.out],
            ["device", certificate.sub],
            ["until", shell.seconds(certificate.exp)],
            salted ? ["salt of the serial number", `${salt} (keep it: the ledger never sees it)`] : undefined,
          ]);
    return { json: { certificate, token, ...(salted ? { salt } : {}) }, text };
  },
});
