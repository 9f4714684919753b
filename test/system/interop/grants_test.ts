/** Every grant and client authentication against authlib, through the public interface. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuthError, getSession } from "../../../mod.ts";
import { checkProvider } from "../../../src/providers/define_provider.ts";
import type { Provider } from "../../../src/providers/provider.ts";
import { type AuthlibClientName, type AuthlibServer, authlibTest } from "./authlib_server.ts";

type Definition = Partial<Provider>;

/** A provider for the server, by endpoints or by discovery. */
function provider(server: AuthlibServer, definition: Definition, discover = false): Provider {
  return checkProvider({
    name: "interop",
    apiUrl: `${server.url}/api/`,
    // authlib requires its token endpoint as the audience. By default, a discovered server gets its issuer.
    ...(discover ? { issuer: server.url, assertionAudience: "token_endpoint" } : {
      authUrl: server.url,
      endpoints: { token: "/token", revocation: "/revoke" },
    }),
    ...definition,
  });
}

/** The credentials of a client, and of a person if one is named. */
function credentials(server: AuthlibServer, client: AuthlibClientName, person?: "ada") {
  const { client_id, client_secret, private_key } = server.clients[client];
  return {
    client_id,
    ...(client_secret ? { client_secret } : {}),
    ...(private_key ? { private_key } : {}),
    ...(person ? { username: person, password: server.users[person] } : {}),
  };
}

async function inFolder(action: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "onecell-interop-"));
  try {
    await action(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function me(session: { fetch: typeof fetch }): Promise<Record<string, unknown>> {
  const response = await session.fetch("me");
  assert.equal(response.status, 200);
  return await response.json();
}

await authlibTest("getSession() takes client credentials in every way", async (server, context) => {
  const methods: [AuthlibClientName, Provider["clientAuthentication"]][] = [
    ["post", "client_secret_post"],
    ["basic", "client_secret_basic"],
    ["basic+raw", "client_secret_basic_raw"],
    ["jwt", "client_secret_jwt"],
    ["rsa", "private_key_jwt"],
    ["ec", "private_key_jwt"],
  ];
  for (const discover of [false, true]) {
    for (const [client, clientAuthentication] of methods) {
      const how = discover ? "discovered" : "by endpoints";
      await context.step(`${client}, ${how}`, () =>
        inFolder(async (directory) => {
          const definition = { clientAuthentication, scope: "read" };
          const session = await getSession(provider(server, definition, discover), {
            credentials: credentials(server, client),
            directory,
            interactive: false,
          });
          assert.deepEqual(await me(session), {
            client: server.clients[client].client_id,
            user: null,
            scope: "read",
          });
        }));
    }
  }
  await context.step("a JWK works like a PEM", () =>
    inFolder(async (directory) => {
      const private_key = JSON.stringify(server.clients.ec.private_jwk);
      const session = await getSession(
        provider(server, { clientAuthentication: "private_key_jwt" }),
        { credentials: { client_id: "ec", private_key }, directory, interactive: false },
      );
      assert.equal((await me(session))["client"], "ec");
    }));
  const counters = await server.counters();
  assert.equal(counters["secret in a url"], undefined);
  assert.equal(counters["POST /token"], counters["issued client_credentials"]);
});

await authlibTest(
  "getSession() signs in with a service account's key (RFC 7523)",
  async (server) => {
    for (const client of ["rsa", "ec"] as const) {
      for (const subject of ["ada", undefined]) {
        await inFolder(async (directory) => {
          const definition: Definition = {
            grant: "jwt_bearer",
            assertionClaims: { iss: "{client_id}", sub: "{subject}" },
            optional: ["subject"],
            requires: ["client_id", "private_key"],
            scope: "read",
          };
          const given = { ...credentials(server, client), ...(subject ? { subject } : {}) };
          const options = { credentials: given, directory, interactive: false };
          const session = await getSession(provider(server, definition), options);
          const wanted = { client, user: subject ?? null, scope: "read" };
          assert.deepEqual(await me(session), wanted);
          // Each assertion works once, so a renewal uses another one.
          await session.refresh();
          assert.deepEqual(
            await me(await getSession(provider(server, definition), options)),
            wanted,
          );
          const stranger = { ...options, credentials: { ...given, subject: "grace@example.com" } };
          await assert.rejects(
            getSession(provider(server, definition), stranger),
            (error) => AuthError.is(error, "client_refused"),
          );
          const wrong = provider(server, {
            ...definition,
            assertionAudience: "https://other.example",
          });
          await assert.rejects(
            getSession(wrong, { ...options, forceLogin: true }),
            (error) => AuthError.is(error, "grant_refused") && error.error === "invalid_grant",
          );
        });
      }
    }
    const counters = await server.counters();
    assert.equal(counters["issued urn:ietf:params:oauth:grant-type:jwt-bearer"], 8);
  },
);

await authlibTest("getSession() says which of the two was refused", async (server, context) => {
  const refused = async (definition: Definition, values: Record<string, string>, code: string) => {
    await inFolder(async (directory) => {
      const options = { credentials: values, directory, interactive: false };
      await assert.rejects(getSession(provider(server, definition), options), (error) => {
        assert.ok(error instanceof AuthError, String(error));
        assert.equal(error.code, code, error.message);
        for (const value of Object.values(values)) {
          if (value.length > 8) assert.ok(!Deno.inspect(error, { depth: 9 }).includes(value));
        }
        return true;
      });
    });
  };
  const wrong = "wrong-secret-0123456789";
  await context.step(
    "a wrong secret, posted",
    () => refused({}, { client_id: "post", client_secret: wrong }, "client_refused"),
  );
  await context.step("a wrong secret, in a JWT", () =>
    refused(
      { clientAuthentication: "client_secret_jwt" },
      { client_id: "jwt", client_secret: wrong },
      "client_refused",
    ));
  await context.step(
    "an unknown scope",
    () => refused({ scope: "nonsense" }, credentials(server, "post"), "grant_refused"),
  );
  // authlib 1.2 returns `invalid_request` here, although RFC 6749 defines `invalid_grant`.
  await context.step("a wrong password", () =>
    refused(
      { grant: "password" },
      { ...credentials(server, "password"), username: "ada", password: wrong },
      "grant_refused",
    ));
});

await authlibTest("a session refreshes with rotation and survives a restart", async (server) => {
  await server.configure({ lifetime: 4, jwt: true });
  await inFolder(async (directory) => {
    const password = provider(server, { grant: "password", scope: "read" });
    const options = {
      credentials: credentials(server, "password", "ada"),
      directory,
      interactive: false,
    };
    const session = await getSession(password, options);
    const first = await session.token();
    assert.equal((await session.claims())?.["sub"], "ada");
    assert.equal((await me(session))["user"], "ada");
    await new Promise((done) => setTimeout(done, 4100));
    const many = await Promise.all(Array.from({ length: 20 }, () => me(session)));
    assert.deepEqual(new Set(many.map(({ user }) => user)), new Set(["ada"]));
    assert.notEqual(await session.token(), first);
    await new Promise((done) => setTimeout(done, 4100));
    const restarted = await getSession(password, options);
    assert.equal((await me(restarted))["user"], "ada");
    await restarted.refresh();
    assert.equal((await me(restarted))["user"], "ada");
  });
  const counters = await server.counters();
  assert.equal(counters["issued password"], 1);
  assert.equal(counters["issued refresh_token"], 3);
  assert.equal(counters["reuse"], undefined);
});

await authlibTest("a copied refresh token ends a family, and neither session", async (server) => {
  await server.configure({ lifetime: 2 });
  await inFolder((one) =>
    inFolder(async (other) => {
      const password = provider(server, { grant: "password" });
      const values = credentials(server, "password", "ada");
      const signIn = (directory: string) =>
        getSession(password, { credentials: values, directory, interactive: false });
      const session = await signIn(one);
      await cp(one, other, { recursive: true });
      await session.refresh();
      await new Promise((done) => setTimeout(done, 2100));
      assert.equal((await me(await signIn(other)))["user"], "ada");
      assert.equal((await me(session))["user"], "ada");
    })
  );
  const counters = await server.counters();
  assert.equal(counters["reuse"], 1);
  assert.equal(counters["issued password"], 3);
});

await authlibTest("logout() revokes and removes", async (server) => {
  await inFolder(async (directory) => {
    const password = provider(server, { grant: "password" });
    const options = {
      credentials: credentials(server, "password", "ada"),
      directory,
      interactive: false,
    };
    const session = await getSession(password, options);
    const token = await session.token();
    await session.logout();
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${server.url}/api/me`, { headers });
    await response.body?.cancel();
    assert.equal(response.status, 401);
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = await readFile(join(entry.parentPath, entry.name), "latin1");
      assert.ok(!text.includes(token), `${entry.name} still holds the token`);
    }
  });
  assert.ok((await server.counters())["revoked"]! >= 1);
});
