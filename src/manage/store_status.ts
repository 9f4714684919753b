import type { StoreStatus } from "../interface/report.ts";
import type { Profile } from "../profile/profile.ts";
import { inspectPath, inspectStore } from "../store/inspect_store.ts";
import { TOKEN_FOLDER } from "../store/open_store.ts";
import { joinPath } from "../store/disk.ts";

/** Says where a system's sessions are saved, who can read them, and whether the store works. */
export async function storeStatus(profile: Profile): Promise<StoreStatus> {
  const { runtime, folder, store, openStored } = profile;
  const tokens = folder === undefined ? undefined : joinPath(runtime, folder, TOKEN_FOLDER);
  // If nothing is saved yet, nothing is created, not even the lock file.
  const isThere = tokens !== undefined && (await inspectPath(runtime, tokens)).kind === "folder";
  if (store === "disk" && !isThere) return { ...FILES, folder: folder ?? null, works: null };
  const { kept, readers, locks, weaknesses, problem } = await inspectStore({
    runtime,
    directory: folder,
    store,
    open: openStored && (async () => (await openStored()).store),
  });
  return {
    kept,
    folder: kept === "disk" || kept === "keyring:" ? folder ?? null : null,
    readers,
    works: locks,
    weaknesses,
    problem: problem ? { code: problem.code, message: problem.message } : null,
  };
}

const FILES = {
  kept: "disk",
  readers: "you and this machine's administrators",
  weaknesses: [],
  problem: null,
};

/** A store's status in one line. Pure. */
export function storeText({ kept, folder, readers, works }: StoreStatus): string {
  const place = kept === "disk"
    ? folder ?? "files"
    : kept === "memory"
    ? "memory"
    : kept === "own"
    ? "the program's own store"
    : `${kept.replace(/:$/, "")}${folder === null ? "" : ` and ${folder}`}`;
  const lock = works === false ? "; its lock does not work" : "";
  return `Saved in ${place} (readable by ${readers}${lock})`;
}
