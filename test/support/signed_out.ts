import assert from "node:assert/strict";
import { getSession, logout, type SessionOptions, status } from "../../mod.ts";
import { works } from "./call.ts";
import { onLink, scriptedPerson } from "./person.ts";
import { rejects } from "./rejects.ts";
import { createWorld, oidcProvider } from "./world.ts";

/** A way to sign in, and whether a session continues with the values in memory. */
const GRANTS = [
  { system: "spatiafi", goesOn: true },
  { system: "plantpredict-okta", goesOn: true },
  { system: "oidc", goesOn: false },
] as const;

/**
 * Checks that a running session does not save itself again after another one has signed out: with
 * client credentials, with a password, and with only a refresh token.
 *
 * @param store the store of both sessions
 */
export async function checkSignedOut(store: SessionOptions["store"]): Promise<void> {
  for (const { system, goesOn } of GRANTS) {
    await using world = await createWorld(system);
    const { sandbox, user, credentials, options: { interactive: _, ...location } } = world;
    const provider = system === "oidc" ? oidcProvider(world) : system;
    const person = scriptedPerson({
      browserIsLocal: true,
      onShow: onLink(async (url) => {
        await (await fetch(await sandbox.completeSignIn(url))).body?.cancel();
      }),
    });
    const given = system === "plantpredict-okta" ? { ...credentials, ...user } : credentials;
    const options: SessionOptions = { ...location, store, credentials: given };
    const open = () => getSession(provider, { ...options, interactive: false });
    const saved = async () => (await status(provider, { ...location, store })).systems[0]?.sessions;

    const one = await getSession(provider, { ...options, person });
    const [other, third] = [await open(), await open()];
    await works(other);
    assert.equal((await saved())?.length, 1, system);
    await one.logout();
    assert.deepEqual(await saved(), [], system);

    for (const running of [other, third]) {
      // Once on request, and once more with the result of the first.
      for (let time = 0; time < 2; time++) {
        if (goesOn) await running.refresh();
        else await rejects(running.refresh(), "login_required");
        assert.deepEqual(await saved(), [], `${system} was written back`);
      }
      if (goesOn) await works(running);
    }
    assert.deepEqual(await saved(), [], system);
    assert.equal(
      (await logout(provider, { ...location, store, credentials: given })).removed,
      false,
    );

    // A new sign-in has a session again, and a running one joins it.
    const again = await getSession(provider, { ...options, person });
    if (goesOn) await other.refresh();
    assert.equal((await saved())?.length, 1, system);
    await works(again);
  }
}
