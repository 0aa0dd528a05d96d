import { cosignTransaction, decodeTransaction } from "#protocol";
import { defineCommand } from "../command.ts";
import { replaceFile } from "../home/files.ts";

export const sign = defineCommand<[file: string], { out?: string }>({
  name: "sign",
  summary: "Add your signature to a transaction that others have signed. Shows first what it does.",
  arguments: [{ name: "<file>", description: "signed transaction, as --out wrote it (- for standard input)" }],
  options: [{ flags: "--out <file>", description: "where to write it; in the same file's place where left out" }],
  examples: ["hansa sign transfer.jws --as bob && hansa submit transfer.jws"],
  async run(shell, { out }, file) {
    const text = (await shell.readText(file)).trim();
    const { claims } = decodeTransaction(text);
    for (const { op, args } of claims.ops) shell.note(`${shell.paint("bold", op)} ${shell.value(args)}`);
    const signed = cosignTransaction(text, await shell.party());
    // A signer twice, or too many of them, is found here and not by the party that submits.
    decodeTransaction(signed);
    if (out !== undefined || file === "-") return shell.handOut(signed, out ?? "-");
    replaceFile(shell.path(file), `${signed}\n`);
    const { signatures, idText } = decodeTransaction(signed);
    const signers = signatures.map(({ did }) => did);
    return {
      json: { id: idText, file, signers, exp: claims.exp, transaction: signed },
      text: `${file}: signed by ${signers.map((did) => shell.id(did)).join(", ")}; may be executed until ${shell.seconds(claims.exp)}`,
    };
  },
});
