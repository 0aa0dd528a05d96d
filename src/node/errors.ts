import { type ErrorTable, errorsOf } from "#base";

export const NODE_ERRORS = {
  "node.config": {
    status: 500,
    meaning: "The configuration is not valid: unknown key, wrong type, or a value out of range.",
    advice: "See the payload's `path`; docs/reference/configuration.md lists every key.",
  },
  "node.home-exists": {
    status: 409,
    meaning: "The folder holds a Hansa home already.",
    advice: "Use it with `hansa up`, or choose another folder.",
  },
  "node.home-missing": {
    status: 404,
    meaning: "The folder holds no Hansa home.",
    advice: "Make one with `hansa init`.",
  },
  "node.no-group": {
    status: 409,
    meaning: "The home is in no group, so there is nothing to serve.",
    advice: "Found or join one: `hansa group request`, then `hansa group join`.",
  },
  "node.group-exists": {
    status: 409,
    meaning: "The home holds another group of this name.",
    advice: "Leave that one first with `hansa group leave`, or use another home.",
  },
  "node.other-member": {
    status: 409,
    meaning: "The home's node is run by another member than the one that joins.",
    advice: "Use the home that made the joining file; each member has its own.",
  },
  "node.key-missing": {
    status: 500,
    meaning: "A key that the configuration names is not in the key file.",
    advice: "`hansa key list` shows what is there.",
  },
  "node.port-taken": {
    status: 500,
    meaning: "Another process listens on the port.",
    advice: "Stop it, or set another port in config.json or HANSA_HTTP_PORT / HANSA_MQTT_PORT.",
  },
  "node.no-route": {
    status: 503,
    meaning: "No node is known that plays for the platform of a command's target.",
    advice: "Host the member on this node (`hosted` in config.json), or connect its own node.",
  },
  "node.peer-refused": {
    status: 502,
    meaning: "Another member's node refused what this node asked of it.",
    advice: "See the payload's `refusal`; it may be behind: try again in a moment.",
  },
  "node.peer-malformed": {
    status: 502,
    meaning: "A message of another member's node is not one that this version knows.",
    advice: "Compare the two nodes' versions.",
  },
  "node.untrusted-head": {
    status: 502,
    meaning: "No peer could show a header that follows from the genesis's validators.",
    advice: "Check that the genesis is the right one, and that peers run and admit this node.",
  },
  "node.no-path": {
    status: 503,
    meaning: "A change of the validators has no votes yet, so no proof can lead past it.",
    advice: "Ask again in a moment: the votes come with the engine's next block.",
  },
  "node.no-state": {
    status: 404,
    meaning: "The home has no ledger of the group, or one that has not begun.",
    advice: "`hansa group list` shows the home's groups; take the state from a member whose node has run.",
  },
  "node.no-votes": {
    status: 409,
    meaning: "Blocks of the ledger lack their votes: the node was stopped before it had fetched them.",
    advice: "Start the node again, let it run for a moment, stop it, and repeat the command.",
  },
  "node.engine-data-missing": {
    status: 409,
    meaning: "CometBFT's own blocks are gone, and the ledger cannot give them back: it began from a snapshot.",
    advice: "Move ledger.db and its -wal and -guard files away: the next start takes a fresh snapshot from the peers.",
  },
  "node.inheritance-missing": {
    status: 409,
    meaning: "The group goes on from another one, whose records this home lacks, and no peer offers a snapshot.",
    advice: "Repeat `hansa group join` with --state and the state file that the group was founded with.",
  },
  "node.worker-lost": {
    status: 503,
    meaning: "A signature worker died.",
    advice: "Try again; a resubmission is safe.",
  },
  "http.not-found": { status: 404, meaning: "There is no such route.", advice: "GET /openapi.json lists them." },
  "http.unknown-group": {
    status: 404,
    meaning: "This node serves no such group.",
    advice: "GET /status lists its groups; ids and names both work.",
  },
  "http.too-large": { status: 413, meaning: "The body is larger than the route takes.", advice: "Send less at once." },
  "http.too-many-requests": {
    status: 429,
    meaning: "This address sends more requests than the node takes.",
    advice: "Wait as long as `retry-after` says.",
  },
  "http.media-type": {
    status: 415,
    meaning: "The route does not take this content type.",
    advice: "See the route's `body` in GET /openapi.json.",
  },
  "http.bad-request": {
    status: 400,
    meaning: "Path, query or body of the request is malformed.",
    advice: "See the payload's `problem`.",
  },
  "http.unauthenticated": {
    status: 401,
    meaning: "The route wants a connection token.",
    advice: "Send `Authorization: Bearer …`; `hansa topic token` makes one.",
  },
  "http.forbidden": {
    status: 403,
    meaning: "The token's subject may not do this.",
    advice: "Only the member that runs the node may.",
  },
  "http.internal": {
    status: 500,
    meaning: "The node failed in a way that it should not.",
    advice: "Look for the request's id in the node's log and report it.",
  },
} as const satisfies ErrorTable;

export const nodeError = errorsOf(NODE_ERRORS);
