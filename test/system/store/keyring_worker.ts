// One process that uses the system's keyring. Prints the outcome.
import { currentRuntime } from "../../../src/runtime/current.ts";
import { openDriver } from "../../../src/store/drivers.ts";
import { openTokenStore } from "../../support/store.ts";
import { conformance } from "../../store/conformance.ts";
import { KEY, testToken } from "../../store/token.ts";

const [command = "", directory = ""] = Deno.args.map((arg) => JSON.parse(arg));
const runtime = await currentRuntime();
const say = (value: unknown) =>
  void Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
const store = openTokenStore(runtime, directory, { url: "keyring:" });

const commands: Record<string, () => Promise<unknown>> = {
  async write() {
    const token = testToken(1, { refresh_token: "a-refresh-token" });
    await store.exclusive(KEY, () => store.write(KEY, token), { timeout: 5000 });
    return { kept: store.kept, shared: store.shared };
  },
  read: async () => ({
    at: (await store.read(KEY))?.obtained_at ?? null,
    problem: store.problem?.code,
  }),
  remove: async () => await store.remove(KEY),
  async conformance() {
    for (const [at, { name, check }] of conformance.entries()) {
      const here = { runtime, directory: `${directory}/${at}` };
      await check(() => openDriver(here, "keyring:")).catch((error) => {
        throw new Error(`${name}: ${error.stack}`);
      });
    }
    return "done";
  },
};
const start = performance.now();
try {
  say({ value: await commands[command]?.(), took: performance.now() - start });
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  say({ code, message, took: performance.now() - start });
}
