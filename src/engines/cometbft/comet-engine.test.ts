import { describeEngine } from "../engine.suite.ts";
import { cometKind } from "./comet-engine.suite.ts";
import { WITH_ENGINE } from "./process/process.suite.ts";

describeEngine("cometbft", cometKind(), WITH_ENGINE);
