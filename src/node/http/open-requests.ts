import type { IncomingMessage } from "node:http";
import type { Route } from "#protocol";
import type { GroupService } from "../group-service.ts";
import type { KnownPrincipal } from "../rights.ts";

interface OpenRequest {
  readonly group: GroupService;
  readonly access: Route["access"];
  readonly principal: KnownPrincipal;
}

/**
 * Requests that were let through for somebody's right and have no whole answer yet: live events above all. A connection without one holds no
 * right: its next request is looked at anew.
 */
export class OpenRequests {
  readonly #open = new Map<IncomingMessage, OpenRequest>();

  add(request: IncomingMessage, access: Route["access"], group: GroupService, principal: KnownPrincipal): void {
    const { socket } = request;
    if (socket.destroyed) return;
    this.#open.set(request, { access, group, principal });
  }

  /** To be called when a request has its answer, or its connection is gone. */
  remove(request: IncomingMessage): void {
    this.#open.delete(request);
  }

  get size(): number {
    return this.#open.size;
  }

  /** Ends the connections of those whose caller no longer stands in a group. */
  recheck(group: GroupService): void {
    for (const [request, open] of this.#open) {
      if (open.group !== group || stands(open)) continue;
      this.#open.delete(request);
      request.socket.destroy();
    }
  }
}

function stands({ access, group: { rights }, principal }: OpenRequest): boolean {
  return access === "reader" ? rights.knows(principal) : rights.stillValid(principal);
}
