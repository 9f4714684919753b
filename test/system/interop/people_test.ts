/** The grants that need a person, against authlib, in a separate process at a terminal. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { denoRunner, type Step, type Task } from "../package/task.ts";
import { type Player, runTaskAtTerminal, terminalAvailable } from "../package/terminal.ts";
import { type AuthlibServer, authlibTest } from "./authlib_server.ts";
import { answerDevice, signInAndReturn, type Visitor } from "./browser.ts";

const ME: Step = { do: "fetch", url: "me" };

function task(
  server: AuthlibServer,
  client: "code" | "code-secret" | "device",
  steps: Step[],
): Task {
  const { client_id, client_secret } = server.clients[client];
  return {
    provider: {
      name: "interop",
      issuer: server.url,
      apiUrl: `${server.url}/api/`,
      scope: "openid read",
      ...(client === "device"
        ? { grant: "device_code", methods: ["device"] }
        : { grant: "authorization_code", methods: ["browser"] }),
      ...(client_secret ? { clientAuthentication: "client_secret_post" } : {}),
    },
    options: { credentials: { client_id, ...(client_secret ? { client_secret } : {}) } },
    steps,
  };
}

async function atTerminal(what: Task, player: Player) {
  const home = await mkdtemp(join(tmpdir(), "onecell-interop-"));
  try {
    return await runTaskAtTerminal(await denoRunner(), what, player, { HOME: home });
  } finally {
    await rm(home, { recursive: true });
  }
}

function visitor(server: AuthlibServer, answer: "allow" | "deny"): Visitor {
  return { username: "grace@example.com", password: server.users["grace@example.com"], answer };
}

/** Signs in at the browser's address, and reads the page that it returns to. */
function browser(server: AuthlibServer, answer: "allow" | "deny"): NonNullable<Player["browser"]> {
  return async (url) => {
    const page = await signInAndReturn(url, visitor(server, answer));
    await page.text();
  };
}

/** Opens the link with the code that is on the screen. */
function device(server: AuthlibServer, answer: "allow" | "deny"): NonNullable<Player["watch"]> {
  const link = new RegExp(`${server.url}/device\\?user_code=[A-Z-]{9}`);
  return [link, async ([url]) => {
    // Long enough that the first poll comes before the answer.
    await new Promise((done) => setTimeout(done, 1500));
    await answerDevice(url, visitor(server, answer));
  }];
}

if (terminalAvailable) {
  await authlibTest("getSession() signs a person in with code and PKCE", async (server) => {
    for (const client of ["code", "code-secret"] as const) {
      const what = task(server, client, [ME, { do: "refresh" }, ME]);
      const report = await atTerminal(what, { browser: browser(server, "allow") });
      assert.equal(report.error, undefined, report.error?.message);
      const [first, refreshed, second] = report.results;
      const body = { client, user: "grace@example.com", scope: "openid read" };
      assert.deepEqual(first?.value, { status: 200, body });
      assert.equal(refreshed?.value, true, refreshed?.message);
      assert.deepEqual(second?.value, { status: 200, body });
    }
    assert.equal((await server.counters())["reuse"], undefined);
  });

  await authlibTest("getSession() says that the person refused", async (server) => {
    const code = await atTerminal(task(server, "code", []), {
      browser: browser(server, "deny"),
    });
    assert.equal(code.error?.code, "login_refused", code.error?.message);
    const denied = await atTerminal(task(server, "device", []), {
      watch: device(server, "deny"),
    });
    assert.equal(denied.error?.code, "login_refused", denied.error?.message);
  });

  await authlibTest("getSession() signs a person in with a device code", async (server) => {
    const report = await atTerminal(task(server, "device", [ME]), {
      watch: device(server, "allow"),
    });
    assert.equal(report.error, undefined, report.error?.message);
    assert.equal((report.results[0]?.value as { status: number }).status, 200);
    const counters = await server.counters();
    assert.ok(counters["POST /token"]! >= 2, "it polled");
    assert.equal(counters["slow_down"], 0);
  });
}
