// What no table in the code says: written by hand, and held against the code's lists by test/conformance/docs-reference.test.ts.

/** Rooms of docs/reference/errors.md, by the first part of a code. */
export const ERROR_ROOMS = {
  json: ["JSON", "Strict JSON, wherever a text crosses a trust boundary."],
  crypto: ["Keys and signatures", "Key files, signature suites and Merkle trees."],
  did: ["DIDs", "Syntax of `did:hansa`."],
  resolution: [
    "DID resolution",
    "What the resolver refuses, of whatever method. docs/guide/resolution.md says how it is asked.",
  ],
  credentials: [
    "Credentials",
    "What issuing and verifying credentials and presentations refuse, and why one does not hold.",
  ],
  wallet: ["Wallet", "What a wallet refuses. docs/guide/wallet.md says how one is used."],
  token: ["Tokens", "Certificates, attestations, connection tokens, commands."],
  proof: ["Proofs", "Proof files and the genesis inside of them."],
  founding: ["Founding", "Joining and founding files of a group. docs/guide/founding.md goes through them."],
  event: ["CloudEvents", "Events as they travel."],
  transaction: [
    "Transactions",
    "Checked before and while a transaction is executed. The number stands in the receipt.",
  ],
  kernel: ["Kernel", "Rights that several modules share."],
  members: ["Module members", "Admission, roles, votes."],
  identity: ["Module identity", "DIDs, keys, services, controllers."],
  devices: ["Module devices", "Roots, models, certification, admission."],
  linkages: ["Module linkages", "Contracts on the ledger."],
  topics: ["Module topics", "Topics, rules, checkpoints."],
  grants: ["Module grants", "Who may get which data of whom: given, handed on, revoked, used."],
  grant: ["Terms of grants", "What a grant is for: the document that opens its digests, and what is within it."],
  nodes: ["Module nodes", "Members' nodes, and which of them vote in consensus."],
  "vc-api": [
    "VC API",
    "What a node refuses of its VC API by itself (docs/guide/credentials.md); what is wrong with a credential has a code of `credentials.*`.",
  ],
  openid: [
    "OpenID4VC",
    "What is refused of OpenID4VCI and OpenID4VP, at the node and in the wallet (docs/guide/openid.md). Wallets get the standards' own names beside.",
  ],
  issuers: ["Module issuers", "Recognition of issuers by the members' votes, and schemas of credentials."],
  statuses: ["Module statuses", "What issuers' status lists hold."],
  evidence: ["Module evidence", "Hashes of documents, thousands under one root, and their revocation."],
  ledger: ["Ledger", "The state machine itself, outside of any transaction."],
  query: ["Queries", "Questions to the ledger."],
  storage: ["Storage", "Encrypted databases, backups. docs/guide/operating.md says what to do in practice."],
  tls: ["TLS", "Certificates of a member's own authority. docs/guide/access.md says how they are made and changed."],
  engine: ["Engines", "What puts transactions in order."],
  events: ["Events", "Topic logs, MQTT broker, events over HTTP."],
  exchange: ["Exchange", "Release of data under grants, its receipts, and the datasets that providers keep."],
  linkage: ["Linkage runtime", "Why a linkage did not act: codes of traces and command receipts."],
  bridge: ["Bridges", "Between Hansa and a device of a real platform."],
  audit: ["Audit", "Trails and their proofs."],
  node: ["Node", "Configuration, start, wiring."],
  http: ["HTTP", "Refused before a route's own work."],
  sdk: ["Client", "What the sdk refuses by itself; a node's refusals keep the node's codes."],
  cli: ["Command line", "What `hansa` refuses by itself. Status 400 ends with exit code 2."],
};

/** Who may do an operation. «Member» is an active member of the group; the issuer acts unless it says otherwise. */
export const WHO_MAY = {
  "members.propose": "any member",
  "members.approve": "any member",
  "members.reject": "any member",
  "members.withdraw": "the member that proposed",
  "identity.create": "any member, alone or as one of the signers; the new key may sign the same transaction",
  "identity.addKey": "the subject with a `capabilityInvocation` key, or a controller",
  "identity.removeKey": "the subject with a `capabilityInvocation` key, or a controller",
  "identity.rotateKey": "the subject with a `capabilityInvocation` key, or a controller",
  "identity.setService": "the subject with a `capabilityInvocation` key, or a controller",
  "identity.removeService": "the subject with a `capabilityInvocation` key, or a controller",
  "identity.setControllers": "the subject with a `capabilityInvocation` key, or a controller",
  "identity.deactivate":
    "the subject with a `capabilityInvocation` key, or a controller; not while the DID is an active member's",
  "devices.addRoot": "a member with the role maker",
  "devices.removeRoot": "the maker whose root it is",
  "devices.defineModel": "a member with the role maker",
  "devices.addFirmware": "the model's maker",
  "devices.certify": "a member with the role lab",
  "devices.enrol": "a member with the role platform, which then operates the device",
  "devices.challenge": "the platform that operates the device",
  "devices.admit": "the platform that operates the device",
  "devices.quarantine": "the device's platform, its maker, or any regulator",
  "devices.release": "the device's platform, its maker, or any regulator",
  "devices.revoke": "the device's platform, its maker, or any regulator",
  "devices.transfer": "the present owner and the next, both signing one transaction",
  "devices.recall": "the model's maker, or any regulator",
  "devices.liftRecall": "whoever ordered the recall, or any regulator",
  "linkages.propose": "a party of the contract; other parties that sign the same transaction have accepted",
  "linkages.accept": "a party of the contract; several may sign at once",
  "linkages.suspend": "any party",
  "linkages.activate": "the party that suspended it",
  "linkages.withdraw": "any party",
  "linkages.end": "a party once the contract's time is over; before that all parties, signing one transaction",
  "linkages.anchorReceipts": "a member that operates a target of each linkage named; nodes do it by themselves",
  "nodes.register": "any member, for a node of its own: the node's voting key signs that it belongs to both",
  "nodes.update": "the member whose node it is",
  "nodes.ready": "the member whose node it is; nodes do it by themselves",
  "nodes.retire":
    "the member whose node it is; of a validator only where those that remain, and are there, can go on without it",
  "topics.open": "any member, which then operates the topic",
  "topics.change": "the member that operates the topic",
  "topics.close": "the member that operates the topic",
  "topics.anchor": "the member that operates the topic; nodes do it by themselves",
  "issuers.registerSchema": "any member; further versions by the one that registered the first",
  "statuses.publish": "any member, its own lists, recognised as an issuer or not",
  "evidence.anchor": "any member; whoever is named in `signers` may sign the same transaction",
  "evidence.sign": "any DID that was named in `signers`",
  "evidence.revoke": "whoever signed it, the member that anchored it included",
  "evidence.unrevoke": "the signer that revoked it",
  "grants.give": "any live DID, for data that is its own; the provider asks that again before it releases anything",
  "grants.delegate": "the recipient of the grant that is handed on, while that one and all above it stand",
  "grants.revoke": "the owner of the data, or who gave this link",
  "grants.anchor": "the provider that all grants named have; nodes do it by themselves",
};

/** What a query answers. */
export const ANSWERS = {
  "members.list": "members of all states, `{ items: [{ did, name, roles, status, since }], next? }`",
  "members.get": "one member: `did`, `name`, `roles`, `status` (active, suspended, removed), `since`",
  "members.parameters": "the group's parameters: window, lifetimes of proposals and challenges, least members, quorums",
  "members.proposals": "proposals with their votes, `{ items, next? }`",
  "members.proposal": "one proposal: `change`, `proposer`, `status`, `approvals`, `rejections`, `expires`",
  "identity.resolve":
    "a DID: `version`, `deactivated`, `controllers`, `keys`, `services`, and `document`, its DID document",
  "identity.versions": "all versions that a block ended with: `{ items: [{ height, version, updated, deactivated }] }`",
  "devices.roots": "root keys of makers, removed ones included, `{ items, next? }`",
  "devices.models": "models with firmware, certifications and recall, `{ items, next? }`",
  "devices.model": "one model",
  "devices.list": "devices as `devices.get` answers them, `{ items, next? }`",
  "devices.get":
    "one device: its record, and `effective`, what the record comes to now: enrolled, admitted, expired, suspended (its platform is), quarantined, recalled, uncertified or revoked",
  "linkages.list": "linkages of all states, `{ items, next? }`",
  "linkages.get":
    "one linkage: `contract`, `accepted`, `status`, `version` (height of its last change), and how many commands were anchored as `done` and `refused`",
  "nodes.list": "nodes of all members, retired ones included, `{ items, next? }`",
  "nodes.get":
    "one node: its keys, `address`, `endpoint`, voting `power` (0: none), `ready` (height at which it last said that it has caught up), `status` (registered, retired), and what consensus caught it at, `misbehaviour`",
  "nodes.validators":
    "who votes in consensus: `{ validators: [{ node, key, power }] }`; empty under an engine where nobody votes",
  "grants.list": "grants as `grants.get` answers them, revoked ones included, `{ items, next? }`",
  "grants.byOwner": "the same, of one owner: what it gave, and what was handed on of that",
  "grants.byRecipient": "the same, of one recipient",
  "grants.byProvider": "the same, of one provider",
  "grants.get":
    "one grant: its parties, window, `count` and `used`, the digests of its terms, `status`, and what it comes to with all links above it: `effective` (active, early, expired, spent, revoked, `party` or `provider`: one of the parties, or the provider, is in no good standing) and `remaining`",
  "topics.list": "topics, closed ones included, `{ items, next? }`",
  "topics.get": "one topic: `operator`, `status`, rules, and the last anchored `checkpoint`",
  "issuers.list": "issuers of all types, or of `type`, as `issuers.get` answers them, `{ items, next? }`",
  "issuers.get":
    "one issuer of one type: `status` (recognised, derecognised), `recognised` (the times of it), and what it comes to now, `effective` (`suspended` while it is no active member)",
  "issuers.recognised":
    "whether somebody was recognised as an issuer of a type, and an active member, at a time: `{ issuer, type, time, recognised }`, also of unknown ones",
  "issuers.schemas": "schemas of credentials, `{ items, next? }`",
  "issuers.schema": "one schema: `publisher`, `latest` version, how many `versions`",
  "issuers.schemaVersions": "versions of a schema, by name, `{ items, next? }`",
  "issuers.schemaVersion": "one version of a schema: `type`, `digest`, `uri`, `publisher`, `at`",
  "statuses.list": "status lists of all issuers, or of `issuer`, `{ items, next? }`",
  "statuses.get": "one status list: `kind`, `purpose`, `bits`, `size`, `version`, `digest`, `uri`",
  "evidence.list": "anchored roots, `{ items, next? }`",
  "evidence.get": "one root: `size`, `issuer`, `signers` with the times of their signatures, `revoked`",
  "evidence.document":
    "one document below a root: `revoked`, by itself or with its root, and `effective` (anchored, revoked)",
};

/** What a setting does. */
export const SETTINGS = {
  version: "version of this file's form",
  member:
    "name, in the key file, of the member that runs the node; what the node signs for itself is signed with this key",
  hosted:
    "names, in the key file, of further members whose side of linkages and topics this node plays (docs/adr/0010-hosted-members.md)",
  "groups[].name": "name of the group; its files are in `groups/<name>/`",
  "groups[].engineKey":
    "name, in the key file, of the key that signs block headers under the solo engine and votes under CometBFT",
  "groups[].p2p.host": "CometBFT: address at which other members' nodes reach this one",
  "groups[].p2p.port": "CometBFT: port for other members' nodes; the ledger names it to them",
  "groups[].snapshotBlocks":
    "CometBFT: blocks of the ledger from one snapshot for newcomers to the next, the same at all members; 0: none; 1,000 where left out",
  "groups[].keepBlocks":
    "CometBFT: newest blocks whose transactions and receipts are kept; of CometBFT's own blocks at least 10,000 stay; 0 or left out: all",
  "http.host":
    "address on which the HTTP API listens; anything but loopback wants `tls.mode`, or a proxy that adds TLS",
  "http.origins":
    "web origins, such as `https://console.example`, whose pages may call this API; where left out no page of another origin may",
  "http.port": "its port; 0 takes any free one",
  "mqtt.host": "address on which the MQTT broker listens; plain TCP unless `tls.mode` says otherwise",
  "mqtt.port": "its port; 0 takes any free one. Of several groups the second listens one port higher, and so on",
  "limits.requestsPerMinute": "HTTP requests a minute from one address; beyond it `http.too-many-requests`",
  "limits.eventBytes": "bytes of one event's payload, over MQTT and HTTP",
  "limits.connections": "MQTT connections at once",
  "limits.waiting": "transactions that wait for a block; beyond it `engine.busy`",
  "tls.mode":
    "`off`, `server` (TLS for clients), or `mutual` (clients show certificates of the member's own authority)",
  signatureThreads: "threads that check signatures; 0 checks them on the main thread",
  "log.level": "least level that is logged",
  "identity.didWeb":
    "`true`: the DID resolver resolves did:web as well, and so calls hosts that whoever asks may name; left out or `false`: not",
  "identity.privateHosts":
    "names of hosts whose did:web may be fetched although they lie in a private network or on this machine; else public addresses alone are called",
  "identity.credentials.group":
    "group in whose storage and on whose ledger the VC API works; where left out, the first",
  "identity.credentials.url":
    "how others reach the node: where its status lists are published; where left out, the address that it listens on",
  "identity.credentials.issuers[].name":
    "by which requests (`options.issuer`) and `hansa credential issue --issuer` name it",
  "identity.credentials.issuers[].did":
    "in whose name it issues: `did:hansa` is the member's own DID, `did:key` that of the key alone",
  "identity.credentials.issuers[].key":
    "key file entry that signs (`hansa key create`); where left out, the member's own. Of `did:hansa` another key than the first has to stand in the member's DID document: `hansa did add-key`",
  "identity.credentials.issuers[].algorithm":
    "an issuer with a key of P-384, of `did:key` alone: its secret is derived from one that the key file keeps under `key`",
  "identity.credentials.issuers[].suite":
    "cryptosuite where a request names none; where left out, `eddsa-rdfc-2022` or `ecdsa-rdfc-2019`, as the key is",
  "identity.credentials.issuers[].format":
    "where a request says nothing: a proof in the credential, or a JWT around it",
  "identity.credentials.issuers[].access":
    "who may have it issue and revoke: the member that runs the node, with its administrators (also where left out), or whoever reaches the port. `open` is for test suites: anybody gets whatever he likes signed",
  "identity.credentials.issuers[].status": "lists in which every credential gets a place without being asked",
  "identity.credentials.issuers[].substitute":
    "takes credentials that name another issuer, or none, and puts its own DID there; for test suites",
  "identity.credentials.holder.did": "in whose name presentations are signed",
  "identity.credentials.holder.key": "key file entry that signs them; where left out, the member's own",
  "identity.credentials.holder.suite": "cryptosuite of presentations where a request names none",
  "identity.credentials.holder.access":
    "who may have presentations signed and credentials derived; what the holder keeps is the member's alone",
  "identity.credentials.verifier":
    "who may have things verified, and get challenges: the member (also where left out), anybody, or nobody",
  "identity.credentials.contexts[].url": "URL by which credentials name the context",
  "identity.credentials.contexts[].file":
    "the context document, JSON with an `@context`; a relative path begins at the home. Contexts are never fetched",
  "identity.credentials.fetchStatusLists":
    "whether status lists of issuers elsewhere are fetched over HTTPS, from public addresses and `identity.privateHosts`; where not, a credential with such a status does not verify",
  "identity.credentials.fetchResources":
    "whether JSON Schemas (`credentialSchema`) and resources (`relatedResource`) are fetched likewise and credentials held against them; where not, the verifier's answer warns that they were not checked",
  "identity.credentials.openid.name": "name of the issuer as wallets show it",
  "identity.credentials.openid.configurations[].name":
    "by which offers and wallets name the credential configuration; `hansa credential offer` takes it",
  "identity.credentials.openid.configurations[].issuer": "name of one of `identity.credentials.issuers`, which signs",
  "identity.credentials.openid.configurations[].format":
    "`dc+sd-jwt`: SD-JWT VC; `ldp_vc`: Data Integrity; `jwt_vc_json`: JOSE",
  "identity.credentials.openid.configurations[].vct": "of `dc+sd-jwt`, and needed there: the type",
  "identity.credentials.openid.configurations[].types":
    "of the other formats, and needed there: types beside `VerifiableCredential`",
  "identity.credentials.openid.configurations[].contexts":
    "of the other formats: contexts beside the data model's own, which define types and claims; an address, or the context itself",
  "identity.credentials.openid.configurations[].claims[].path":
    "a claim that may be said: names, indexes, or null for all elements; what no path begins with is refused. Where `claims` is left out, anything may be said",
  "identity.credentials.openid.configurations[].claims[].name": "name of the claim as wallets show it",
  "identity.credentials.openid.configurations[].claims[].mandatory": "true: an offer without it is refused",
  "identity.credentials.openid.configurations[].claims[].disclosable":
    "of `dc+sd-jwt`: false where the holder cannot keep it back; true where left out",
  "identity.credentials.openid.configurations[].decoys":
    "of `dc+sd-jwt`: digests of nothing in each place that hides something, so that nobody counts the claims; none where left out",
  "identity.credentials.openid.configurations[].seconds":
    "how long what is issued is valid; without end where left out",
  "identity.credentials.openid.configurations[].status":
    "places in status lists, at most one for `dc+sd-jwt`; those of the issuer where left out",
  "identity.credentials.openid.configurations[].label": "name of the credential as wallets show it",
  "identity.credentials.openid.verifier.did": "in whose name presentations are asked for; without `verifier`, none are",
  "identity.credentials.openid.verifier.key": "key file entry that signs requests; where left out, the member's own",
  "identity.credentials.requestsPerMinute":
    "requests to each route of the VC API from one address in a minute, within `limits.requestsPerMinute`; where left out, 60,000",
  label: "what people call this node; kept and shown nowhere yet",
};

/** Environment variables that the command line reads; those that overlay the configuration come from the code. */
export const CLI_ENVIRONMENT = {
  HANSA_HOME: "folder of the home; `./.hansa` where unset",
  HANSA_URL: "address of the node that commands talk to; `http://127.0.0.1:7420` where unset",
  HANSA_AS: "identity of the home that signs, as `--as`",
  HANSA_PASSPHRASE: "passphrase of the key file",
  HANSA_DEBUG: "`1` prints the stack of an unexpected error",
  NO_COLOR: "any value: no colours",
};
