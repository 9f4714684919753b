/**
 * Sign a notebook or a script in to an OAuth 2 or OpenID Connect API, in one cell.
 *
 * ```ts
 * import { getSession } from "@onecell/auth";
 *
 * const s = await getSession("spatiafi");
 * const info = await s.fetch("/api/info?item_id=wildfire-risk-current-global-v1.0");
 * ```
 *
 * The first time it asks for user name and password, creates app credentials and saves them in the
 * user's configuration directory; afterwards nothing is asked. Tokens are renewed, kept private, and
 * sent to the system's own API only.
 *
 * @module
 */
export { defineProvider, type ProviderInput } from "./src/providers/define_provider.ts";
export type { DoctorReport } from "./src/doctor/doctor_report.ts";
export type {
  DoctorFacts,
  DoctorFinding,
  DoctorProblem,
  EndpointFacts,
  TokenFacts,
} from "./src/doctor/facts.ts";
export { AuthError, type AuthErrorCode, type AuthErrorOptions } from "./src/errors.ts";
export { get_session, getSession } from "./src/get_session.ts";
export type { LogoutReport, RevocationOutcome } from "./src/renewal/logout.ts";
export type { EndedSession, SystemLogoutReport } from "./src/renewal/logout_saved.ts";
export type {
  OtherStatus,
  SessionStatus,
  StatusReport,
  SystemStatus,
} from "./src/manage/status_report.ts";
export type { MapItems, MapOptions } from "./src/bulk/map.ts";
export type { CardState, Person, Question } from "./src/person/person.ts";
export type { Finding } from "./src/scan/scan_text.ts";
export type { NotebookFinding } from "./src/scan/scan_notebook.ts";
export type {
  CommonOptions,
  CreateOptions,
  LogoutOptions,
  SessionOptions,
} from "./src/options/options.ts";
export type {
  ClientAuthentication,
  CredentialField,
  Endpoints,
  Enrolment,
  ForeignTokens,
  Grant,
  PasteSignIn,
  Provider,
  SignInMethod,
} from "./src/providers/provider.ts";
export { Credentials } from "./src/credentials/credentials.ts";
export type { ScanReport } from "./src/scan/scan_report.ts";
export { type MapFunction, Session } from "./src/session.ts";
export type { PathCondition } from "./src/store/inspect_path.ts";
export type { ProviderUrls } from "./src/providers/system.ts";
export {
  createCredentials,
  doctor,
  forgetCredentials,
  importCredentials,
  load_credentials,
  load_spatiafi_credentials,
  loadCredentials,
  logout,
  readProvider,
  saveCredentials,
  scanNotebook,
  status,
} from "./src/verbs.ts";
