// deno-lint-ignore-file explicit-module-boundary-types -- each returns the module it names
/**
 * The doors: the only place that loads a module of ours late. Behind a door everything is static.
 *
 * Deno reads the target of every `import("…")` before a program starts (about 0.1 million
 * instructions a file), and evaluates it only when the door opens (0.23 and 0.1 a kilobyte). So what
 * not every start needs stands here, a room a line.
 *
 * @module
 */
export const announceSlow = () => import("./person/announce_slow.ts");
export const apiCall = () => import("./http/api_call.ts");
export const askCredentials = () => import("./sign_in/ask_credentials.ts");
export const bulk = () => import("./bulk/map.ts");
export const createCredentials = () => import("./manage/create_credentials.ts");
export const doctor = () => import("./doctor/examine_session.ts");
export const foreignToken = () => import("./store/foreign_token.ts");
export const givenToken = () => import("./renewal/given_token.ts");
export const greeting = () => import("./person/greeting.ts");
export const importCredentials = () => import("./manage/import_credentials.ts");
export const interruptible = () => import("./person/interruptible.ts");
export const json = () => import("./http/json.ts");
export const knownSystems = () => import("./profile/known_systems.ts");
export const loadCredentials = () => import("./manage/load_credentials.ts");
export const listSessions = () => import("./profile/list_sessions.ts");
export const logout = () => import("./renewal/logout.ts");
export const logoutSaved = () => import("./renewal/logout_saved.ts");
export const manage = () => import("./manage/manage_credentials.ts");
export const pages = () => import("./http/pages.ts");
export const person = () => import("./person/person_for.ts");
export const refusal = () => import("./credentials/refused_credentials.ts");
export const renewal = () => import("./renewal/renewal.ts");
export const scan = () => import("./scan/scan_file.ts");
export const storeDrivers = () => import("./store/drivers.ts");
export const storeWriting = () => import("./store/writing.ts");
export const sessionCard = () => import("./renewal/session_card.ts");
export const signIn = () => import("./sign_in/sign_in.ts");
export const status = () => import("./manage/status.ts");
export const verify = () => import("./http/verify.ts");
