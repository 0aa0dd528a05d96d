import { pageOf, type Queries } from "../../kernel/module.ts";
import { NODE_PREFIX, readNode, readValidators } from "./records.ts";

export const nodeQueries: Queries<"nodes"> = {
  "nodes.list": ({ state }, args) => pageOf(state, NODE_PREFIX, args),
  "nodes.get": ({ state }, args) => readNode(state, args.node),
  // Where nobody votes the set is empty: that is an answer, too.
  "nodes.validators": ({ state }) => readValidators(state),
};
