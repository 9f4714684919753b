import { COPY_MEMBER, USER_MEMBER } from "../credentials/choose_credentials.ts";
import { AuthError } from "../errors.ts";
import type { CheckedOptions } from "../options/options.ts";
import { type Profile, profileOf } from "../profile/profile.ts";
import { allProviders } from "../profile/known_systems.ts";
import { isCredentialsFile, nameOfFile } from "../profile/list_sessions.ts";
import { providers } from "../providers/registry.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { credentialsPath } from "../store/credentials_file.ts";
import { listFolders, listObjects } from "../store/list_saved.ts";
import { moveStore } from "../store/move_store.ts";
import { chooseStore, facts } from "../store/open_store.ts";
import { configDirectories } from "../store/disk.ts";
import { removePrivateFile } from "../store/private_file.ts";
import type {
  OpenStoreOptions,
  SavedCredentials,
  StoreChoice,
  TokenStore,
} from "../store/store.ts";
import { type CredentialsName, parseCredentialsKey } from "../store/stored_credentials.ts";
import { writeCredentials } from "../store/write_credentials.ts";
import { driverOf } from "../store/writing.ts";
import { parseKey } from "../token/token.ts";

/** What {@linkcode moveSaved} did. */
export interface MoveReport {
  /** The names of the stores, without passwords. */
  readonly from: string;
  readonly to: string;
  /** How many sessions are in the new store now. */
  sessions: number;
  /** How many app credentials are in the new store now. */
  credentials: number;
  /** What stayed where it was, and why. */
  readonly problems: AuthError[];
}

/** What to move, and where to. */
export interface Move {
  readonly runtime: Runtime;
  readonly from: NonNullable<CheckedOptions["store"]>;
  readonly to: NonNullable<CheckedOptions["store"]>;
  /** One folder; by default, all in the configuration folder. */
  readonly directory?: string | undefined;
  readonly drivers: OpenStoreOptions["drivers"];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Moves every system's sessions and app credentials from one store to another. Each is removed only after
 * it was read back from the new store, so an interrupted move loses nothing, and running it again finishes
 * it. App credentials in files of the caller's own folder stay there, and are used from there.
 *
 * @throws {AuthError} `invalid_argument` for memory, or if both stores are the same; the stores' errors
 */
export async function moveSaved(move: Move): Promise<MoveReport> {
  const [from, to] = [move.from, move.to].map((one) => chooseStore(one, "disk", undefined));
  const report: MoveReport = {
    from: facts(from as StoreChoice).kept,
    to: facts(to as StoreChoice).kept,
    sessions: 0,
    credentials: 0,
    problems: [],
  };
  if (move.from === "memory" || move.to === "memory") {
    throw new AuthError(
      "invalid_argument",
      "Cannot move from or to memory: it ends with this program.",
    );
  }
  if (report.from === report.to) {
    throw new AuthError("invalid_argument", `Everything is already in ${report.to}.`);
  }
  const open = (choice: StoreChoice, directory: string | undefined) =>
    driverOf({ runtime: move.runtime, directory, store: choice, drivers: move.drivers });
  if (typeof to === "object" && report.to !== "keyring:") {
    // Report an unreachable store, even if there is nothing to move.
    await (await open(to, undefined))?.read("");
  }
  for (const { folder, wanted } of await unitsOf(move, from as StoreChoice, open)) {
    const [old, fresh] = [
      await open(from as StoreChoice, folder),
      await open(to as StoreChoice, folder),
    ];
    if (old === undefined || fresh === undefined) continue;
    const { problems } = await moveStore(old, fresh, {
      wanted,
      signal: move.signal,
      moved: (key) => parseCredentialsKey(key) ? report.credentials++ : report.sessions++,
      ...(to === "disk" ? { credentials: (name, values) => writeFile(move, name, values) } : {}),
    });
    report.problems.push(...problems);
  }
  if (from === "disk" && move.directory === undefined) await moveFiles(move, report);
  return report;
}

interface Unit {
  folder: string | undefined;
  wanted: (key: string) => boolean;
}

/** Moves one folder at a time; in a store without folders, one system at a time. */
async function unitsOf(
  { runtime, directory }: Move,
  from: StoreChoice,
  open: (choice: StoreChoice, directory: string | undefined) => Promise<TokenStore | undefined>,
): Promise<Unit[]> {
  const wanted = (key: string) => systemOf(key) !== undefined;
  if (directory !== undefined) return [{ folder: directory, wanted }];
  const { kept } = facts(from);
  if (kept === "disk" || kept === "keyring:") {
    return (await listFolders(runtime)).map((folder) => ({ folder, wanted }));
  }
  const keys = await (await open(from, undefined))?.keys?.() ?? [];
  const systems = new Set(keys.map(systemOf).filter((system) => system !== undefined));
  return [...systems].map((system) => ({
    folder: configDirectories(runtime, folderOf(system))[0],
    wanted: (key) => systemOf(key) === system,
  }));
}

/** The system of a key; `undefined` if the key is not one of ours. */
function systemOf(key: string): string | undefined {
  const name = parseCredentialsKey(key)?.provider ?? parseKey(key)?.provider;
  return name !== undefined && /^[a-z0-9][a-z0-9-]*$/.test(name) ? name : undefined;
}

function folderOf(system: string): string {
  return providers.find(({ name }) => name === system)?.folder ?? system;
}

/** Saves app credentials where the tutorial reads them. Earlier ones are kept as a backup. */
async function writeFile(
  { runtime, directory, signal }: Move,
  { provider, account = "", server }: CredentialsName,
  values: Record<string, unknown>,
): Promise<void> {
  const [usual = "app_credentials", copy] =
    providers.find(({ name }) => name === provider)?.files ?? [];
  const file = [usual, account, server ?? ""].filter((part) => part !== "").join(".");
  const pathOf = (file: string) =>
    credentialsPath(runtime, { directory: folderOf(provider), files: [file], override: directory });
  const path = pathOf(file);
  if (path === undefined) {
    throw new AuthError("store_unavailable", "There is no folder to save app credentials in.");
  }
  await writeCredentials(runtime, path, values, { signal });
  // Make the copy for the system's own Python package, as a sign-in that creates credentials does.
  const isEnrolled = file === usual && values[USER_MEMBER] !== undefined;
  const other = copy === undefined ? undefined : pathOf(copy);
  if (!isEnrolled || other === undefined) return;
  await writeCredentials(runtime, other, { ...values, [COPY_MEMBER]: true }, { signal });
}

/** Removes the app credentials of known systems from their files. A link stays, and is used. */
async function moveFiles(move: Move, report: MoveReport): Promise<void> {
  const { runtime, to, drivers, signal } = move;
  for (const provider of await allProviders(runtime)) {
    const profile = profileOf(provider, { store: to }, runtime, drivers);
    const { folder } = profile;
    if (folder === undefined) continue;
    const files = await listObjects(runtime, folder, (name) => isCredentialsFile(profile, name));
    for (const file of files) {
      try {
        if (signal?.aborted) throw signal.reason;
        await moveFile(move, profile, file);
        if (file.values[COPY_MEMBER] === undefined) report.credentials++;
      } catch (error) {
        if (!(error instanceof AuthError) || signal?.aborted) throw error;
        report.problems.push(error);
      }
    }
  }
}

async function moveFile(
  { runtime, to, drivers }: Move,
  profile: Profile,
  file: SavedCredentials,
): Promise<void> {
  const { provider } = profile;
  if (file.values[COPY_MEMBER] === undefined) {
    const { account, server } = nameOfFile(profile, file);
    const choice = chooseStore(to, "disk", undefined);
    if (typeof choice === "string") return;
    // Only under this exact name, because a variable may name another account.
    const name = { provider: provider.name, account };
    const place = { runtime, directory: profile.folder };
    const stored = await (await drivers()).openCredentials(place, choice, name);
    const there = await stored.read(server);
    if (there === undefined) await stored.exclusive(() => stored.write(file.values, server));
    if (JSON.stringify(await stored.read(server)) !== JSON.stringify(file.values)) {
      throw new AuthError(
        "store_unavailable",
        `The app credentials in "${file.path}" were not moved: the new store has others, or did not ` +
          "save them.",
      );
    }
  }
  await removePrivateFile(runtime, file.path);
}
