/** A broker in a process of its own, for tests that kill it. Arguments: folder. Prints its port. */
import { TableRights } from "../../log/logs.suite.ts";
import { serve } from "./mqtt.suite.ts";

const rights = new TableRights("acme/things");
for (const name of ["sensor", "watcher"]) rights.admit(name);
const served = await serve(process.argv[2] as string, { rights });
process.stdout.write(`${served.mqtt.port}\n`);
