const DAY_MS = 86_400_000;

/** A moment in milliseconds since the Unix epoch as RFC 3339 text in UTC, years 0000 to 9999. */
export function rfc3339(wallMs: number): string {
  const days = Math.floor(wallMs / DAY_MS);
  const restMs = Math.floor(wallMs) - days * DAY_MS;
  const { year, month, day } = civilOf(days);
  const time = [restMs / 3_600_000, (restMs / 60_000) % 60, (restMs / 1000) % 60].map((part) => padded(Math.floor(part), 2)).join(':');
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}T${time}.${padded(restMs % 1000, 3)}Z`;
}

/** The Gregorian date of a day counted from 1970-01-01. Years are counted from March, so that a leap day ends its year. */
function civilOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1 };
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}
