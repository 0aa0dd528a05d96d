import { type Static, Type } from "@sinclair/typebox";
import { ALLIANCE_PATTERN, Closed, CredentialFormat, List, StatusPurpose } from "#protocol";
import { OpenidConfig } from "./openid-config.ts";

const KeyName = Type.String({ pattern: "^[A-Za-z0-9._:#/-]{1,128}$" });
const Suite = Type.String({ pattern: "^[a-z0-9-]{1,40}$" });
const Whose = Type.Union([Type.Literal("did:hansa"), Type.Literal("did:key")]);
/** Who may use it: the member that runs the node, with its administrators, or whoever reaches the port. */
const Access = Type.Union([Type.Literal("member"), Type.Literal("open")]);

/** `requestsPerMinute` where it is left out: what a core can verify, about. */
export const CREDENTIALS_PER_MINUTE = 60_000;

/** The VC API of a node: `identity.credentials` of `config.json`. */
export const CredentialsConfig = Closed({
  /** Group in whose storage and on whose ledger it works; the first where left out. */
  group: Type.Optional(Type.String({ pattern: ALLIANCE_PATTERN })),
  /** How others reach the node, for addresses of status lists; where left out, the address that it listens on. */
  url: Type.Optional(Type.String({ pattern: "^https?://[^/?#\\s]+(/[^?#\\s]*)?$", maxLength: 255 })),
  issuers: Type.Optional(
    List(
      Closed({
        /** By which requests name it. */
        name: Type.String({ pattern: "^[a-z0-9][a-z0-9-]{0,63}$" }),
        /** Whose name stands under the credentials: the member's own DID, or that of a key alone. */
        did: Whose,
        /** Key file entry; the member's own where left out. */
        key: Type.Optional(KeyName),
        /** `P-384`: for `did:key` alone, of a secret that the key file keeps under `key`; else the entry's own algorithm counts. */
        algorithm: Type.Optional(Type.Literal("P-384")),
        /** Where a request names none: cryptosuite, and kind of securing. */
        suite: Type.Optional(Suite),
        format: Type.Optional(CredentialFormat),
        access: Type.Optional(Access),
        /** Gives every credential places in status lists, without being asked. */
        status: Type.Optional(List(StatusPurpose, 0, 2)),
        /** Takes credentials that name another issuer, or none, and puts its own DID there. */
        substitute: Type.Optional(Type.Boolean()),
      }),
      0,
      32,
    ),
  ),
  /** Who signs presentations, and keeps credentials at the node. */
  holder: Type.Optional(
    Closed({ did: Whose, key: Type.Optional(KeyName), suite: Type.Optional(Suite), access: Type.Optional(Access) }),
  ),
  /** Who may have things verified: the member, or anybody; `off`: nobody. */
  verifier: Type.Optional(Type.Union([Type.Literal("off"), Type.Literal("member"), Type.Literal("open")])),
  /** JSON-LD contexts beyond those that come with Hansa: files beside the configuration, or wherever an absolute path leads. None is fetched. */
  contexts: Type.Optional(
    List(
      Closed({
        url: Type.String({ pattern: "^[A-Za-z][A-Za-z0-9+.-]*:\\S+$", maxLength: 1024 }),
        file: Type.String({ minLength: 1, maxLength: 1024 }),
      }),
      0,
      256,
    ),
  ),
  /** Whether status lists of other issuers are fetched over HTTPS: whoever has something verified then makes this node call a host. */
  fetchStatusLists: Type.Optional(Type.Boolean()),
  /** Whether schemas and related resources are fetched likewise; where not, what a credential says of them is left unchecked, and told so. */
  fetchResources: Type.Optional(Type.Boolean()),
  /** OpenID4VCI and OpenID4VP. */
  openid: Type.Optional(OpenidConfig),
  /** Requests of the VC API that one address may send in a minute. */
  requestsPerMinute: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000_000 })),
});
export type CredentialsConfig = Static<typeof CredentialsConfig>;
export type IssuerConfig = NonNullable<CredentialsConfig["issuers"]>[number];
