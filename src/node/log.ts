import pino from "pino";

/** Structured logs, one JSON object a line on standard error. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Whatever is named like a secret never reaches the log, however deep. */
const SECRET_PATHS = [
  "passphrase",
  "password",
  "token",
  "secret",
  "authorization",
  "*.passphrase",
  "*.password",
  "*.token",
  "*.secret",
  "*.authorization",
];

export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      redact: { paths: SECRET_PATHS, censor: "[redacted]" },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** An error as a log line tells it. */
export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
