import type { DoctorReport } from "./doctor/doctor_report.ts";
import type { SessionOptions } from "./options.ts";
import type { Provider } from "./provider.ts";

/**
 * Finds out why a sign-in does not work, or would not: credentials, files and their modes, the saved
 * token, the clock, proxy and certificate settings, and whether the servers answer. It asks nobody,
 * signs in nowhere and sends no secret.
 *
 * @param provider a registered name, or what `defineProvider` returned
 * @param options those of the `getSession` that failed
 * @returns a report that shows as a card or as text, with what to do next
 * @throws {AuthError} `unknown_provider`, `invalid_argument`; everything else is in the report
 *
 * @example When getSession failed
 * ```ts
 * import { doctor } from "@onecell/auth";
 *
 * const report = await doctor("spatiafi");
 * report.ok; // true when nothing stands in the way
 * ```
 */
export async function doctor(
  provider: string | Provider,
  options: SessionOptions = {},
): Promise<DoctorReport> {
  // Nobody who only signs in loads the doctor.
  const { examineProvider } = await import("./doctor/examine_session.ts");
  return await examineProvider(provider, options);
}
