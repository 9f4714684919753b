// deno-lint-ignore-file explicit-module-boundary-types -- each returns the module it names
/**
 * The doors: the only place that loads our own modules late. Behind a door all imports are static.
 *
 * Deno reads the target of every `import("…")` before a program starts (about 0.1 million instructions a
 * file), but evaluates it only when the door opens (0.23, and 0.1 a kilobyte). So this file loads what not
 * every start needs, one line a room.
 *
 * @module
 */
import { loaded } from "./errors.ts";

export const address = () => loaded(import("./address/find_address.ts"));
export const announce = () => loaded(import("./person/announce.ts"));
export const apiCall = () => loaded(import("./http/api_call.ts"));
export const askCredentials = () => loaded(import("./sign_in/ask_credentials.ts"));
export const bulk = () => loaded(import("./bulk/map.ts"));
export const createCredentials = () => loaded(import("./manage/create_and_save.ts"));
export const doctor = () => loaded(import("./doctor/examine_session.ts"));
export const foreignToken = () => loaded(import("./store/foreign_token.ts"));
export const givenToken = () => loaded(import("./renewal/given_token.ts"));
export const importCredentials = () => loaded(import("./manage/import_credentials.ts"));
export const kernel = () => loaded(import("./person/kernel.ts"));
export const knownSystems = () => loaded(import("./profile/known_systems.ts"));
export const listSessions = () => loaded(import("./profile/list_sessions.ts"));
export const logout = () => loaded(import("./renewal/logout.ts"));
export const logoutSaved = () => loaded(import("./renewal/logout_saved.ts"));
export const manage = () => loaded(import("./manage/manage_credentials.ts"));
export const person = () => loaded(import("./person/create_person.ts"));
export const readApi = () => loaded(import("./http/read_api.ts"));
export const refusal = () => loaded(import("./credentials/missing_credentials.ts"));
export const renewal = () => loaded(import("./start_renewal.ts"));
export const scan = () => loaded(import("./scan/scan_file.ts"));
export const storeDrivers = () => loaded(import("./store/drivers.ts"));
export const storeWriting = () => loaded(import("./store/writing.ts"));
export const sessionCard = () => loaded(import("./renewal/session_card.ts"));
export const signIn = () => loaded(import("./sign_in/sign_in.ts"));
export const status = () => loaded(import("./manage/status.ts"));
