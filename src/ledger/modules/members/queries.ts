import { pageOf, type Queries } from "../../kernel/module.ts";
import { MEMBER_PREFIX, PROPOSAL_PREFIX, readMember, readParameters, readProposal } from "./records.ts";

export const memberQueries: Queries<"members"> = {
  "members.list": ({ state }, args) => pageOf(state, MEMBER_PREFIX, args),
  "members.get": ({ state }, args) => readMember(state, args.member),
  "members.parameters": ({ state }) => readParameters(state),
  "members.proposals": ({ state }, args) => pageOf(state, PROPOSAL_PREFIX, args),
  "members.proposal": ({ state, time }, args) => {
    const proposal = readProposal(state, args.proposal);
    // Expiry needs no transaction: it follows from the clock of the blocks.
    return proposal?.status === "open" && time >= proposal.expires ? { ...proposal, status: "expired" } : proposal;
  },
};
