// PURE: a ride's timestamp, DD-MM-YYYY:SS-MM-HH. Seconds come first and hours last: that is the application's own format,
// not a slip. The text is stored as the client sent it; it is read again here whenever rides are listed.

const pattern = /^(\d{2})-(\d{2})-(\d{4}):(\d{2})-(\d{2})-(\d{2})$/;

interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const isLeapYear = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

const daysOf = (month: number, year: number): number => {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
};

const isReal = ({ year, month, day, hour, minute, second }: Moment): boolean =>
  month >= 1 &&
  month <= 12 &&
  day >= 1 &&
  day <= daysOf(month, year) &&
  hour <= 23 &&
  minute <= 59 &&
  second <= 59;

function parseMoment(text: string): Moment | undefined {
  const [day, month, year, second, minute, hour] = (pattern.exec(text) ?? []).slice(1).map(Number);
  if (day === undefined || month === undefined || year === undefined) return undefined;
  if (second === undefined || minute === undefined || hour === undefined) return undefined;
  const moment = { year, month, day, hour, minute, second };
  return isReal(moment) ? moment : undefined;
}

/** True for a text in the application's format that names a second which exists in the calendar. */
export const isTimestamp = (value: unknown): value is string =>
  typeof value === "string" && parseMoment(value) !== undefined;

/** In the time zone the process runs in: the clients' timestamps name none. */
export function isUpcoming(timestamp: string, now: Date): boolean {
  const moment = parseMoment(timestamp);
  if (moment === undefined) return false;
  const { year, month, day, hour, minute, second } = moment;
  const at = new Date(2000, month - 1, 1, hour, minute, second);
  // Set afterwards: the constructor takes the years 0 to 99 for the 1900s.
  at.setFullYear(year, month - 1, day);
  return at.getTime() > now.getTime();
}
