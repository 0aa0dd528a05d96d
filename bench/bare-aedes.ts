/** aedes as it comes, without storage: what the event bench is held against. */
import { createServer } from "node:net";
import { Aedes } from "aedes";

const broker = await Aedes.createBroker();
const server = createServer(broker.handle);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null)
    console.log(JSON.stringify({ mqttUrl: `mqtt://127.0.0.1:${address.port}` }));
});
process.on("SIGTERM", () => process.exit(0));
