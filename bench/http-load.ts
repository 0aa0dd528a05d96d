/** Many clients that submit and wait, each on a connection of its own, with as little work as HTTP/1.1 allows: the node is measured, not the client. */
import { connect, type Socket } from "node:net";

export interface LoadResult {
  /** Answers a second. */
  readonly rate: number;
  /** Milliseconds, sorted. */
  readonly latencies: Float64Array;
  /** Answers that were not a receipt with code 0, or not what else was wanted. */
  readonly refused: number;
  readonly firstRefusal: string | undefined;
  /** Receipts with code 0, or what else was counted. */
  readonly executed: number;
}

/** Request of one transaction, as bytes. */
export function encodeRequest(path: string, transaction: string): Buffer {
  return encodePost(path, "application/jwt", transaction);
}

/** Request of several transactions, as bytes. */
export function encodeBatch(path: string, transactions: readonly string[]): Buffer {
  const body = transactions.join("\n");
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: node\r\ncontent-type: application/jwt-seq\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    "latin1",
  );
}

/** Submits transactions; good answers are receipts with code 0. */
export function submitAll(url: string, requests: readonly Buffer[], clients: number): Promise<LoadResult> {
  return sendAll(url, requests, clients, (body) => {
    const good = body.split('"code":0,').length - 1;
    return { good, refused: good === 0 || body.includes('"problem":{') };
  });
}

/** Request with a body of ASCII, as bytes. */
export function encodePost(path: string, type: string, body: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: node\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    "latin1",
  );
}

/** Request of a page, as bytes. */
export function encodeGet(path: string, accept: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: node\r\naccept: ${accept}\r\n\r\n`, "latin1");
}

/** Sends requests, each client the next as soon as it has its answer. `judge` says how much good there was in one. */
export async function sendAll(
  url: string,
  requests: readonly Buffer[],
  clients: number,
  judge: (body: string) => { readonly good: number; readonly refused: boolean },
): Promise<LoadResult> {
  const { hostname, port } = new URL(url);
  const latencies = new Float64Array(requests.length);
  let next = 0;
  let done = 0;
  let refused = 0;
  let firstRefusal: string | undefined;
  let executed = 0;
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    const finish = (sockets: Socket[]) => {
      for (const socket of sockets) socket.destroy();
      resolve();
    };
    const sockets: Socket[] = [];
    for (let c = 0; c < Math.min(clients, requests.length); c++) {
      const socket = connect(Number(port), hostname);
      socket.setNoDelay(true);
      sockets.push(socket);
      let sent = 0;
      let buffered = "";
      let length = -1;
      const parts: Buffer[] = [];
      let gathered = 0;
      const send = () => {
        const request = requests[next++];
        if (request === undefined) return;
        sent = performance.now();
        socket.write(request);
      };
      socket.once("connect", send);
      socket.on("error", reject);
      socket.on("data", (data) => {
        if (length < 0) {
          buffered += data.toString("latin1");
          const split = buffered.indexOf("\r\n\r\n");
          if (split < 0) return;
          length = Number(/content-length: (\d+)/i.exec(buffered)?.[1] ?? 0);
          parts.push(Buffer.from(buffered.slice(split + 4), "latin1"));
          gathered = buffered.length - split - 4;
        } else {
          parts.push(data);
          gathered += data.length;
        }
        if (gathered < length) return;
        latencies[done++] = performance.now() - sent;
        const body = Buffer.concat(parts.splice(0)).toString("latin1");
        const judged = judge(body);
        executed += judged.good;
        if (judged.refused) {
          refused++;
          firstRefusal ??= body;
        }
        buffered = "";
        length = -1;
        if (done === requests.length) finish(sockets);
        else send();
      });
    }
  });
  const seconds = (performance.now() - started) / 1000;
  return { rate: requests.length / seconds, latencies: latencies.sort(), refused, firstRefusal, executed };
}
