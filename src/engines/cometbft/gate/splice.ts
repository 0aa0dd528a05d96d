import type { Socket } from "node:net";
import type { Clock } from "#base";

/** What has been taken in may still go out for so long after the other side ended. */
const LINGER_MS = 5000;

/** Joins two sockets: what one says the other hears, each at the pace of its reader, and neither outlives the other. */
export function splice(one: Socket, other: Socket, clock: Clock): void {
  follow(one, other, clock);
  follow(other, one, clock);
}

function follow(from: Socket, to: Socket, clock: Clock): void {
  from.on("error", () => {});
  const end = () => {
    // A side that was cut takes the other with it; one that said goodbye lets its last words through.
    if (!from.readableEnded) to.destroy();
    else closeSoon(to, clock);
  };
  if (from.destroyed) end();
  else from.once("close", end).pipe(to);
}

/** Closes once what is written has gone out, or could not for a while. */
export function closeSoon(socket: Socket, clock: Clock): void {
  if (socket.destroyed) return;
  socket.once(
    "close",
    clock.after(LINGER_MS, () => socket.destroy()),
  );
  socket.destroySoon();
}
