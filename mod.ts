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
 * The first time, it asks for your username and password, creates app credentials and saves them in your
 * configuration folder. After that it never asks again. Tokens renew automatically, stay private, and
 * go only to the system's own API.
 *
 * @module
 */
import "./src/start.ts";

export { AuthError, type AuthErrorCode, type AuthErrorOptions } from "./src/errors.ts";
export { get_session, getSession } from "./src/get_session.ts";
export type { Credentials, CredentialValues, JsonWebKeyLike } from "./src/interface/credentials.ts";
export type {
  ConnectionOptions,
  Fetch,
  FetchLike,
  LocationOptions,
  LogoutOptions,
  MapItems,
  MapOptions,
  SessionOptions,
  SystemUrls,
  TokenFunction,
  TokenStore,
} from "./src/interface/options.ts";
export type { Notice, Person, Question } from "./src/interface/person.ts";
export type {
  DoctorFinding,
  DoctorReport,
  EndedSession,
  ForgetReport,
  LogoutReport,
  OtherStatus,
  Report,
  RevocationOutcome,
  ScanFinding,
  ScanReport,
  SessionStatus,
  StatusReport,
  StoreStatus,
  SystemLogoutReport,
  SystemStatus,
} from "./src/interface/report.ts";
export type { Claims, ItemsInit, JsonInit, MapFunction, Session } from "./src/interface/session.ts";
export type * from "./src/interface/systems.ts";
export { defineProvider } from "./src/providers/define_provider.ts";
export type * from "./src/providers/definition.ts";
export type {
  ApiAuthorization,
  AssertionClaims,
  ClientAuthentication,
  CredentialField as CredentialName,
  Endpoints,
  Enrolment,
  ExternalToken,
  ForeignTokens,
  Grant,
  PasteSignIn,
  Provider as ProviderFields,
  SignInMethod,
} from "./src/providers/provider.ts";
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
