/** The one line of CometBFT that Hansa speaks with. A later patch of it is taken, another line is not. */
const LINE = "0.38";
const PATCH = 25;

/** What `hansa engine install` builds. */
export const COMETBFT_VERSION = `${LINE}.${PATCH}`;
export const COMETBFT_MODULE = "github.com/cometbft/cometbft/cmd/cometbft";
/** Where the release's archives and their checksums are published. */
export const COMETBFT_RELEASE = `https://github.com/cometbft/cometbft/releases/tag/v${COMETBFT_VERSION}`;

/** Whether a program of this version fits: the same line, no older patch. A build may name its commit behind the version. */
export function fitsVersion(version: string): boolean {
  const found = /^v?(\d+\.\d+)\.(\d{1,6})(?:[+-][0-9A-Za-z.-]+)?$/.exec(version);
  return found?.[1] === LINE && Number(found[2]) >= PATCH;
}
