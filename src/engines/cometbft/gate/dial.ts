import type { DuplexOptions } from "node:stream";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { engineError } from "../../errors.ts";
import { checkCertificate } from "./check-certificate.ts";
import type { GateContext, PeerAddress } from "./gate-context.ts";
import { decodeAnswer, encodeHeader, GATE_PROTOCOL, type Purpose, readFrame } from "./header.ts";
import { BUFFER_BYTES } from "./limits.ts";
import type { LiveStream } from "./live-streams.ts";
import type { GateReason } from "./reasons.ts";

const KEEP_ALIVE_MS = 30_000;

/** A stream under way: destroying the socket gives up. */
export interface Dialling {
  readonly socket: TLSSocket;
  /** @throws HansaError `engine.peer-unreachable`, `engine.peer-refused` */
  readonly opened: Promise<TLSSocket>;
}

/**
 * Dials a peer's gate and opens a stream: both sides have proven their node keys and accepted each other once it is open.
 *
 * @throws HansaError `engine.peer-unreachable` where the address is none
 */
export function dial(context: GateContext, peer: PeerAddress, purpose: Purpose): Dialling {
  const target = parseAddress(peer.address);
  if (target === undefined) throw unreachable(peer, "address");
  const options: ConnectionOptions & DuplexOptions = {
    ...target,
    secureContext: context.identity.context(),
    // There is no authority to ask: the certificate is checked below, against the ledger.
    rejectUnauthorized: false,
    ALPNProtocols: [GATE_PROTOCOL],
    highWaterMark: BUFFER_BYTES,
  };
  const socket = connect(options);
  const { node, address } = peer;
  const stream: LiveStream = { node, purpose, direction: "out", address, socket, open: false };
  context.streams.add(stream);
  return { socket, opened: open(context, peer, stream, socket) };
}

async function open(
  context: GateContext,
  peer: PeerAddress,
  stream: LiveStream,
  socket: TLSSocket,
): Promise<TLSSocket> {
  let fault: string | undefined;
  socket.on("error", (error: NodeJS.ErrnoException) => {
    fault ??= error.code ?? "failed";
  });
  const cancel = context.clock.after(context.limits.handshakeMs, () => {
    fault ??= "deadline";
    socket.destroy();
  });
  try {
    if (!(await secured(socket))) throw unreachable(peer, fault ?? "closed");
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    const wrong = faultOfServer(context, peer, socket);
    if (wrong !== undefined) {
      context.refusals.add(wrong, `${peer.address}, dialled as ${peer.node}`);
      throw refused(peer, wrong, "us");
    }
    socket.write(encodeHeader({ group: context.groupId, purpose: stream.purpose }));
    const frame = await readFrame(socket);
    const answer = frame === undefined ? undefined : decodeAnswer(frame);
    if (answer === undefined) throw unreachable(peer, fault ?? "closed");
    if ("refused" in answer) throw refused(peer, answer.refused, "them");
    // The ledger may have moved on meanwhile.
    if (!context.admits(peer.node)) throw refused(peer, "not-admitted", "us");
    stream.open = true;
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    cancel();
  }
}

/** Whether TLS came about. In TLS 1.3 the far side may still refuse our certificate: its answer to the header says so. */
function secured(socket: TLSSocket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once("secureConnect", () => resolve(true));
    socket.once("close", () => resolve(false));
  });
}

function faultOfServer(context: GateContext, { node }: PeerAddress, socket: TLSSocket): GateReason | undefined {
  if (socket.alpnProtocol !== GATE_PROTOCOL) return "protocol";
  const checked = checkCertificate(socket.getPeerX509Certificate(), context.clock.now(), context.limits.clockSkewMs);
  if ("refused" in checked) return checked.refused;
  if (checked.node !== node) return "wrong-node";
  return context.admits(node) ? undefined : "not-admitted";
}

/** `host:port` or `[IPv6]:port`. */
function parseAddress(address: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):([0-9]{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

export function unreachable({ node, address }: PeerAddress, reason: string) {
  return engineError("engine.peer-unreachable", `the node ${node} at ${address} could not be reached: ${reason}`, {
    node,
    address,
    reason,
  });
}

/** @param by - who refused: this node or the other */
export function refused({ node, address }: PeerAddress, reason: string, by: "us" | "them") {
  const who = by === "us" ? "this node refused" : "was refused by";
  return engineError("engine.peer-refused", `${who} the node ${node} at ${address}: ${reason}`, {
    node,
    address,
    reason,
    by,
  });
}
