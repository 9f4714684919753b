import assert from "node:assert/strict";
import { AuthError } from "../../mod.ts";
import type { Connection } from "../../src/renewal/connection.ts";
import { logout } from "../../src/renewal/logout.ts";
import { test } from "../support/tests.ts";

/** The parts of a connection to a system without revocation. */
function connectionWith(store: Partial<Connection["store"]>): Connection & { ended: boolean } {
  const connection = {
    ended: false,
    key: "k",
    store,
    keeper: {
      token: null,
      values: {},
      end: () => {
        connection.ended = true;
      },
    },
    grants: { system: { endpoints: {}, issuer: undefined, provider: { title: "X" } } },
  };
  return connection as unknown as Connection & { ended: boolean };
}

test("logout() does not remove a token twice if only releasing the lock failed", async () => {
  let times = 0;
  const connection = connectionWith({
    read: () => Promise.resolve(null),
    exclusive: async (_key, action) => {
      await action();
      throw new AuthError("store_unavailable", "The lock could not be let go.");
    },
    remove: () => Promise.resolve(++times === 1),
  });
  const report = await logout(connection);
  assert.deepEqual([times, report.removed, report.problems.length], [1, true, 1]);
});
