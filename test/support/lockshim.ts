import { skip } from "./runtimes.ts";

/** The numbers of disk errors on Linux. */
export const ERRNO = { EPERM: 1, EIO: 5, ENOLCK: 37, ENOSYS: 38, EOPNOTSUPP: 95 } as const;

let built: Promise<string | null> | undefined;

/**
 * Builds the library for LD_PRELOAD that makes a folder behave like a disk without locks, modes or
 * flushing. `null`, with a line that says why, if it cannot be built.
 */
export function lockshim(what: string): Promise<string | null> {
  return built ??= build(what);
}

async function build(what: string): Promise<string | null> {
  if (Deno.build.os !== "linux") {
    skip(what, "not Linux");
    return null;
  }
  const source = new URL("../store/lockshim.c", import.meta.url).pathname;
  const cache = new URL("../../.cache/", import.meta.url).pathname;
  await Deno.mkdir(cache, { recursive: true });
  const library = `${cache}lockshim-${Deno.pid}.so`;
  try {
    const args = ["-shared", "-fPIC", "-o", library, source, "-ldl"];
    const { success } = await new Deno.Command("cc", { args, stderr: "null" }).output();
    if (success) {
      addEventListener("unload", () => Deno.removeSync(library));
      return library;
    }
  } catch {
    // no compiler
  }
  skip(what, "no C compiler");
  return null;
}
