import { type ErrorTable, errorsOf } from "#base";

/** What the command line refuses on its own side. Those of status 400 end with exit code 2: the call was wrong. */
export const CLI_ERRORS = {
  "cli.argument": {
    status: 400,
    meaning: "An argument or option has a value that cannot be meant.",
    advice: "`--help` behind the command shows what it takes.",
  },
  "cli.home-missing": {
    status: 404,
    meaning: "There is no home with keys at this place.",
    advice: "Run `hansa init`, or name the right one with --home or HANSA_HOME.",
  },
  "cli.home-damaged": {
    status: 500,
    meaning: "A file of the home is not what it should be.",
    advice: "Restore it from a backup; `identities.json` may also be deleted, names are then those of the keys.",
  },
  "cli.identity-unknown": {
    status: 404,
    meaning: "No identity of the home has this name.",
    advice: "`hansa key list` shows those that there are; choose one with --as or HANSA_AS.",
  },
  "cli.identity-needed": {
    status: 400,
    meaning: "The command signs, and nobody says as whom.",
    advice: "Name an identity of the home with --as or HANSA_AS.",
  },
  "cli.passphrase-missing": {
    status: 400,
    meaning: "The key file has a passphrase, and there is no terminal to ask for it.",
    advice: "Set HANSA_PASSPHRASE, or name a file that holds it with --passphrase-file.",
  },
  "cli.passphrase-mismatch": {
    status: 400,
    meaning: "The passphrase was typed differently the second time.",
    advice: "Run the command again.",
  },
  "cli.file-missing": {
    status: 404,
    meaning: "A file cannot be read.",
    advice: "Check its path and that you may read it.",
  },
  "cli.file-exists": {
    status: 409,
    meaning: "A file to be written stands there already.",
    advice: "Choose another name, or remove it first.",
  },
  "cli.file-unwritable": {
    status: 500,
    meaning: "A file cannot be written.",
    advice: "Check its path, your rights and the space on the disk.",
  },
  "cli.file-too-large": {
    status: 413,
    meaning: "A file is larger than this command takes.",
    advice: "Check that it is the right file.",
  },
  "cli.file-malformed": {
    status: 400,
    meaning: "A file does not hold what the command expects.",
    advice: "See what the message says of it; `--help` names the format.",
  },
  "cli.not-founder": {
    status: 409,
    meaning: "The home's member is not among the founders who bring a node.",
    advice: "Use the home that made the joining file; to join a group that runs, add --running, --address and --via.",
  },
  "cli.founding-mismatch": {
    status: 409,
    meaning: "A founding file says something of this home's member that is not so.",
    advice: "Do not sign it. Make a fresh joining file with `hansa group request`, and found with that one.",
  },
  "cli.did-unknown": {
    status: 404,
    meaning: "Nothing that is at hand says which keys a DID has.",
    advice: "Without --offline the node is asked; or give the DID's document with --did-document.",
  },
  "cli.group-unknown": {
    status: 404,
    meaning: "The home has no such group.",
    advice: "`hansa group list` shows those that there are.",
  },
  "cli.node-running": {
    status: 409,
    meaning: "A node runs on the home and has the group open.",
    advice: "Stop it, and repeat the command: what it did so far stays done.",
  },
  "cli.retire-unanswered": {
    status: 504,
    meaning: "No answer came to the wish to take a node out; its own node may be the last to hear of it.",
    advice: "Repeat the command through another member's node, with --url: it says what became of it.",
  },
  "cli.devnet-failed": {
    status: 500,
    meaning: "A node of the development network did not come up, or ended by itself.",
    advice: "The message has the end of its log; --dir keeps the homes and logs for a closer look.",
  },
  "cli.code-unknown": {
    status: 404,
    meaning: "There is no error of this code.",
    advice: "`hansa errors` lists them all.",
  },
  "cli.check-failed": {
    status: 422,
    meaning: "The contract has problems that would keep it from working.",
    advice: "Correct what the list names, and check it again.",
  },
  "cli.replay-differs": {
    status: 500,
    meaning: "Executing the blocks anew gave other roots than those that are kept.",
    advice: "Do not rely on this ledger: restore a backup or fetch the blocks anew, and report which block differs.",
  },
  "cli.demo-failed": {
    status: 500,
    meaning: "A step of the demonstration did not come out as it must.",
    advice: "See which step failed and why; with a fresh home (--home) it begins anew.",
  },
  "cli.wallet-missing": {
    status: 404,
    meaning: "The home has no wallet.",
    advice: "Run `hansa wallet init`, `hansa wallet restore`, or name the right home with --home.",
  },
  "cli.wallet-exists": {
    status: 409,
    meaning: "The home has a wallet already.",
    advice: "Use it: `hansa wallet keys` shows its keys, and `--create` makes another.",
  },
  "cli.bug": {
    status: 500,
    meaning: "Something went wrong that the command did not expect.",
    advice: "Run it again with HANSA_DEBUG=1 and report what it prints.",
  },
} as const satisfies ErrorTable;

export const cliError = errorsOf(CLI_ERRORS);
