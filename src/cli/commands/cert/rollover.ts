import { defineCommand } from "../../command.ts";
import { authorityOf, memberOf } from "./authority.ts";

export const certRollover = defineCommand<[], { finish?: boolean }>({
  name: "rollover",
  summary:
    "Change the authority: both are trusted until `--finish` ends trust in the old one. The node goes on meanwhile.",
  options: [{ flags: "--finish", description: "refuse certificates of the old authority from now on" }],
  examples: ["hansa cert rollover", "hansa cert rollover --finish"],
  async run(shell, { finish = false }) {
    const authority = await authorityOf(shell);
    const member = await memberOf(shell);
    const register = finish ? await authority.finishRollover(member) : await authority.beginRollover(member);
    const [newest] = register.authorities;
    const text = finish
      ? `authority ${newest?.number} alone is trusted`
      : `authority ${newest?.number} issues from now on. Give clients the new ca.pem and ca.jwt and new certificates, then: hansa cert rollover --finish`;
    return { json: register, text };
  },
});
