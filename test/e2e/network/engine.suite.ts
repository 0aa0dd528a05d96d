/** The engine that networks of these tests run on: `npm test` installs it where it can. */
import { type FoundCometbft, findCometbft } from "#engines";

/** `undefined` where there is none: then tests of networks are skipped, and say so. */
export const ENGINE: FoundCometbft | undefined = await findCometbft(process.env).catch(() => undefined);

/** For the names of tests that need it. */
export const WITHOUT_ENGINE = ENGINE === undefined ? " (skipped: no CometBFT; hansa engine install)" : "";
