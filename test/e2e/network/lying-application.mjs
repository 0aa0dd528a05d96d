// A member whose application lies about its root: stands between CometBFT and its node, and passes everything on but the app hash.
// Usage: node lying-application.mjs <socket of its own> <the node's socket> <file whose being there makes it lie>
import { existsSync } from "node:fs";
import { connect, createServer } from "node:net";
import { BinaryReader, BinaryWriter } from "cosmjs-types/binary";
import { Response } from "cosmjs-types/tendermint/abci/types";

const [own, application, lies] = process.argv.slice(2);
let open = 0;

createServer((engine) => {
  open++;
  const node = connect(application);
  for (const socket of [engine, node])
    socket
      .on("error", () => {})
      .once("close", () => {
        engine.destroy();
        node.destroy();
      });
  engine.once("close", () => {
    // It belongs to one CometBFT, and ends with it.
    if (--open === 0) process.exit();
  });
  engine.pipe(node);
  let rest = Buffer.alloc(0);
  node.on("data", (part) => {
    rest = Buffer.concat([rest, part]);
    for (let frame = frameOf(rest); frame !== undefined; frame = frameOf(rest)) {
      rest = rest.subarray(frame.end);
      const body = altered(frame.body);
      engine.write(Buffer.concat([BinaryWriter.create().uint32(body.length).finish(), body]));
    }
  });
}).listen(own, () => process.stdout.write("listening\n"));

function frameOf(bytes) {
  // A length that is not whole yet ends in a byte with its top bit set.
  const last = bytes.findIndex((byte) => byte < 0x80);
  if (last === -1) return undefined;
  const length = new BinaryReader(bytes.subarray(0, last + 1)).uint32();
  const end = last + 1 + length;
  return bytes.length < end ? undefined : { body: bytes.subarray(last + 1, end), end };
}

function altered(body) {
  if (!existsSync(lies)) return body;
  const response = Response.decode(body);
  if (response.finalizeBlock === undefined) return body;
  response.finalizeBlock.appHash = response.finalizeBlock.appHash.map((byte) => byte ^ 0xff);
  return Response.encode(response).finish();
}
