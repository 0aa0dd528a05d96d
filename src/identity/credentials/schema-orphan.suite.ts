/** Run as a process of its own and killed: leaves behind a process that is at a schema which never ends. */
import { SchemaJudge } from "./schema-judge.ts";

const judge = new SchemaJudge({ time: 3_600_000 });
await judge.judge("2020-12", "{}", {});
void judge.judge("2020-12", '{"properties":{"x":{"pattern":"^(a+)+$"}}}', { x: `${"a".repeat(60)}!` });
process.stdout.write("\n");
