import { describeEngine } from "../engine.suite.ts";
import { SoloEngine } from "./solo-engine.ts";

describeEngine("solo", (parts) => new SoloEngine(parts));
