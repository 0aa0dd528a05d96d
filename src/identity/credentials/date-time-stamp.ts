// XML Schema 1.1 Part 2 §3.4.28: a zone is required; years beyond four digits are left out, for no calendar here reaches them.
const STAMP =
  /^(\d{4})-(\d{2})-(\d{2})T(?:([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.\d{1,12})?|24:00:00(?:\.0{1,12})?)(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))$/;

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Milliseconds of a dateTimeStamp, which is how credentials and proofs tell time; `undefined` for any other text, and for days
 * that no calendar has.
 */
export function parseDateTimeStamp(text: string): number | undefined {
  const parts = STAMP.exec(text);
  if (parts === null) return undefined;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  if (day < 1 || day > (DAYS[month - 1] ?? 0)) return undefined;
  if (month === 2 && day === 29 && (year % 4 !== 0 || (year % 100 === 0 && year % 400 !== 0))) return undefined;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
