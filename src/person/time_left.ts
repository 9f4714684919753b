/**
 * Says how long is left, in steps a reader can follow: minutes, then tens of seconds. The steps
 * also keep a card still, so that its link can be clicked and its code selected.
 *
 * @param milliseconds until the end; zero or less says that it is over
 */
export function timeLeft(milliseconds: number): string {
  if (!(milliseconds > 0)) return "time is up";
  if (milliseconds > 5_400_000) return `${Math.ceil(milliseconds / 3_600_000)} h left`;
  if (milliseconds > 90_000) return `${Math.ceil(milliseconds / 60_000)} min left`;
  return `${Math.ceil(milliseconds / 10_000) * 10} s left`;
}

/** A moment as a saved notebook can keep it: with date and zone, to the minute. */
export function moment(epochMilliseconds: number): string {
  // `toISOString` throws outside of ±8.64e15, and a server chooses this number.
  if (!(Math.abs(epochMilliseconds) <= 8.64e15)) return "unknown";
  return new Date(epochMilliseconds).toISOString().replace("T", " ").slice(0, 16) + " UTC";
}
