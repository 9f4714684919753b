// One process of a fleet: opens a store, renews the session's token if needed, and reports it.
import { TokenKeeper } from "../../../src/renewal/token_keeper.ts";
import { renew } from "../../../src/renewal/renewal.ts";
import { currentRuntime } from "../../../src/runtime/current.ts";
import { AuthError } from "../../../src/errors.ts";
import type { StoreChoice } from "../../../src/store/store.ts";
import { grantParts, plainProvider } from "../../support/parts.ts";
import { openTokenStore } from "../../support/store.ts";

interface Setup {
  store: StoreChoice;
  directory?: string;
  server: string;
  grant: "authorization_code" | "client_credentials";
  /** How far this machine's clock is ahead, in milliseconds. */
  clock?: number;
  /** How often to get the token, a moment apart. */
  times?: number;
}

const setup: Setup = JSON.parse(Deno.args[0] ?? "");
const { now } = Date;
Date.now = () => now() + (setup.clock ?? 0);
const say = (value: unknown) =>
  void Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));

const provider = plainProvider({ grant: setup.grant, authUrl: setup.server });
const store = openTokenStore(await currentRuntime(), setup.directory, setup.store);
const grants = grantParts(fetch, { provider, timeout: 4_000 });
const signIn = () =>
  Promise.reject(new AuthError("credentials_missing", "There is nobody to sign in."));
const keeper: TokenKeeper = new TokenKeeper({
  key: "fleet",
  store,
  values: grants.values,
  renew: (held, options) =>
    renew(
      { key: "fleet", store, provider, grants, signIn, now: () => Date.now() },
      held,
      options,
    ),
  foreign: () => Promise.resolve(null),
  now: () => Date.now(),
});
for (let time = 0; time < (setup.times ?? 1); time++) {
  if (time > 0) await new Promise((resolve) => setTimeout(resolve, 500));
  try {
    if (time === 0) await keeper.start();
    const { access_token } = await keeper.fresh();
    say({ access: access_token, problem: keeper.storeProblem?.code });
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    say({ code: error.code, message: error.message });
  }
}
