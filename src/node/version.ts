/** Version of this build; `version.test.ts` holds it against package.json. */
export const VERSION = "0.1.0";
