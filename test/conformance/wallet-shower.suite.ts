/** A process to be killed: shows a credential of a wallet without end, and hands each presentation out on a line of its own. */
import { writeSync } from "node:fs";
import { Wallet } from "#identity";
import { openDatabase, WalletEntries } from "#storage";

async function showForever(file: string, key: Uint8Array): Promise<void> {
  const wallet = new Wallet({ store: new WalletEntries(openDatabase({ file, key })) });
  const [held] = await wallet.list();
  for (let turn = 0; ; turn++) {
    const { presentation } = await wallet.present(held?.id as string, {
      domain: "https://shop.example",
      challenge: `challenge ${turn}`,
      claims: [["name"]],
    });
    // Straight to the pipe: what was written is with the parent however this process ends.
    writeSync(1, `${presentation as string}\n`);
  }
}

const file = process.env["HANSA_CRASH_FILE"];
if (file !== undefined) await showForever(file, Buffer.from(process.env["HANSA_CRASH_KEY"] ?? "", "hex"));
