// Runs under Deno, Node and Bun: one process of the store's tests. Prints its results as JSON lines.
import process from "node:process";
import { currentRuntime } from "../../src/runtime/current.ts";
import { findCredentials } from "../../src/store/credentials_file.ts";
import { writeCredentials } from "../../src/store/write_credentials.ts";
import { writePrivateFile } from "../../src/store/private_file.ts";
import { openTokenStore } from "../support/store.ts";
import { KEY, testToken } from "./token.ts";
// The tests time the disk, so load these first.
import "../../src/store/lock.ts";
import "../../src/store/disk.ts";

const runtime = await currentRuntime();
const [command, folder, ...rest] = process.argv.slice(2).map((arg) => JSON.parse(arg));
const store = openTokenStore(runtime, folder, "disk");

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The outcome of a call, for the test to judge. */
async function outcome(action: () => Promise<unknown>): Promise<Record<string, unknown>> {
  const start = performance.now();
  try {
    const value = await action() ?? null;
    return { value, took: performance.now() - start };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { code, message, took: performance.now() - start };
  }
}

/** Adds one to the counter, as a renewal does: read, wait as for a response, write. */
async function addOne(): Promise<void> {
  const token = await store.read(KEY);
  await pause(Math.random() * 3);
  await store.write(KEY, testToken((token?.obtained_at ?? 0) + 1));
}

/** Counts up in its own slot of the state, and reports before and after. */
async function count(slot: number): Promise<void> {
  for (;;) {
    await store.exclusive(KEY, async () => {
      const token = await store.read(KEY);
      const slots: Record<string, number> = JSON.parse(token?.scope ?? "{}");
      const next = slots[slot] = (slots[slot] ?? 0) + 1;
      say({ trying: next });
      const total = (token?.obtained_at ?? 0) + 1;
      await store.write(KEY, testToken(total, { scope: JSON.stringify(slots) }));
      say({ done: next });
    }, { timeout: 120_000 });
  }
}

/** Holds the lock for a time, and lets the event loop run or blocks it. */
async function hold(time: number, how: "wait" | "block"): Promise<void> {
  await store.exclusive(KEY, async () => {
    say({ held: Date.now() });
    if (how === "wait") await pause(time);
    else for (const end = Date.now() + time; Date.now() < end;);
    say({ leaving: Date.now() });
  }, { timeout: 60_000 });
}

/** Writes a file of 4 KB over and over: one letter 4,096 times. */
async function rewrite(): Promise<void> {
  for (let at = 0;; at++) {
    const letter = String.fromCharCode(97 + at % 26);
    await writePrivateFile(runtime, `${folder}/state`, letter.repeat(4096));
    if (at === 0) say("started");
  }
}

/** Fills the disk except for a few KB, fails to write a larger token, and checks the result. */
async function fill(): Promise<unknown> {
  const { files } = runtime;
  await store.write(KEY, testToken(1));
  const spare = await files.createPrivate(`${folder}/spare`, 0o600);
  await spare.write(new Uint8Array(8192));
  await spare.close();
  const filler = await files.createPrivate(`${folder}/filler`, 0o600);
  const full = await outcome(async () => {
    for (;;) await filler.write(new Uint8Array(1024));
  });
  await filler.close();
  await files.remove(`${folder}/spare`);
  const large = { refresh_token: "x".repeat(200_000) };
  const action = () => store.write(KEY, testToken(2, large));
  const written = await outcome(() => store.exclusive(KEY, action, { timeout: 1000 }));
  const memory = (await store.read(KEY))?.obtained_at;
  const names = await files.list(`${folder}/onecell`);
  // A store with its own name sees only the disk.
  const disk = (await openTokenStore(runtime, `${folder}/.`, "disk").read(KEY))?.obtained_at;
  return { full, written, memory, disk, names };
}

const commands: Record<string, () => Promise<unknown>> = {
  async update() {
    const [times, locked, at] = rest;
    await pause(Math.max(0, at - Date.now()));
    for (let done = 0; done < times; done++) {
      if (locked) await store.exclusive(KEY, addOne, { timeout: 120_000 });
      else await addOne();
    }
    return { done: times };
  },
  async "update and save"() {
    await store.exclusive(KEY, addOne, { timeout: 10_000 });
    return { kept: await writeCredentials(runtime, `${folder}/app_credentials`, { a: 1 }) };
  },
  count: () => count(rest[0]),
  hold: () => hold(rest[0], rest[1]),
  rewrite,
  lock: () =>
    outcome(() => store.exclusive(KEY, () => Promise.resolve(Date.now()), { timeout: rest[0] })),
  write: () => outcome(() => store.write(KEY, testToken(rest[0], rest[1]))),
  /** Everything a session does with a disk that refuses everything. */
  async refused() {
    const before = (await store.read(KEY))?.obtained_at ?? null;
    const locked = await outcome(() =>
      store.exclusive(KEY, () => Promise.resolve(), { timeout: 5000 })
    );
    const written = await outcome(() => store.write(KEY, testToken(rest[0], rest[1])));
    const again = openTokenStore(runtime, folder, "disk");
    return { before, locked, written, after: (await again.read(KEY))?.obtained_at ?? null };
  },
  /** Everything a session does with its folder, and its report. */
  async home() {
    const refresh = testToken(1, { refresh_token: "refresh-1" });
    const locked = await outcome(() =>
      store.exclusive(KEY, async () => {
        await store.write(KEY, refresh);
        const turn = await store.beginRefresh(refresh, { timeout: 1000 });
        await store.write(KEY, testToken(2, { refresh_token: "refresh-2" }));
        await store.endRefresh(refresh, true);
        return turn;
      }, { timeout: 45_000 })
    );
    // A reader of an older copy must not send the token again.
    const again = store.beginRefresh(refresh, { timeout: 300 });
    const saved = await outcome(() =>
      writeCredentials(runtime, `${folder}/app_credentials`, { a: 1 })
    );
    return {
      locked,
      again: await again,
      saved,
      read: (await openTokenStore(runtime, folder, "disk").read(KEY))?.obtained_at,
      problem: store.problem?.message,
      weaknesses: runtime.files.weaknesses(),
    };
  },
  fill,
  read: () => outcome(() => store.read(KEY)),
  remove: () => outcome(() => store.remove(KEY)),
  find: () => outcome(() => findCredentials(runtime, rest[0])),
  save: () => outcome(() => writeCredentials(runtime, `${folder}/app_credentials`, rest[0])),
};
const answer = await commands[command]?.();
if (answer !== undefined) say(answer);
