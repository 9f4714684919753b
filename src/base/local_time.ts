/**
 * Formats a time for people at this machine: local time without seconds, with the date if it is not
 * today. Pure except for the machine's time zone.
 *
 * @param moment in epoch milliseconds; any number, since a server chooses it
 * @param now in epoch milliseconds
 */
export function localTime(moment: number, now: number): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return "at an unknown time";
  const two = (value: number) => String(value).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const dayOf = (day: Date) =>
    `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
  const day = dayOf(date);
  return day === dayOf(new Date(now)) ? time : `${day} ${time}`;
}

/** Says when an access token expires and what happens then, in one line for people. */
export function expiryText(
  { expiresAt, renews }: { expiresAt: number; renews: boolean },
  now: number,
): string {
  const verb = expiresAt > now ? "expires" : "expired";
  const after = renews ? "renews automatically" : "sign in again after that";
  return `access token ${verb} ${localTime(expiresAt, now)} (${
    expiresAt > now || renews ? after : "sign in again"
  })`;
}
