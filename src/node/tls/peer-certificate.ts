/** What a client's certificate says, once it was checked. */
export interface PeerCertificate {
  /** Whom the member's CA vouches for. */
  readonly did: string;
  /** Whether it may administer the node. */
  readonly admin: boolean;
  /** Hexadecimal, lower case, no leading zeros. */
  readonly serial: string;
  /** End of its validity, milliseconds. */
  readonly until: number;
}
