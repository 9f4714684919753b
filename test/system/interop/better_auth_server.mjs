// better-auth with its OAuth provider and its device authorization, on SQLite.
//
// Usage: deno run -A better_auth_server.mjs FOLDER. It prints one line of JSON when it listens, and ends
// when its input does. `POST /lifetime` changes the lifetime of access tokens.

import { DatabaseSync } from "node:sqlite";

const { versions } = JSON.parse(
  Deno.readTextFileSync(new URL("./better_auth_server.json", import.meta.url)),
);
// By name, so that it is part of neither the module nor its lock file.
const load = (name, file = "") => import(`npm:${name}@${versions[name]}${file}`);
const [{ betterAuth }, { getMigrations }, { bearer, deviceAuthorization, jwt }, { oauthProvider }] =
  await Promise.all([
    load("better-auth"),
    load("better-auth", "/db/migration"),
    load("better-auth", "/plugins"),
    load("@better-auth/oauth-provider"),
  ]);

const [folder] = Deno.args;
const login = { email: "ada@example.com", password: `a password of ${crypto.randomUUID()}` };
const secret = crypto.randomUUID() + crypto.randomUUID();
const database = new DatabaseSync(`${folder}/db`);
database.exec("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000");
let auth;
const { promise: listening, resolve: listens } = Promise.withResolvers();
const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => listens(`http://127.0.0.1:${port}`) },
  async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/lifetime") {
      auth = make(Number(await request.text()));
      return new Response(null, { status: 204 });
    }
    if (pathname === "/accepts") {
      return new Response(null, { status: await accepts(await request.text()) ? 204 : 401 });
    }
    // There is no page. A visitor reads the query.
    if (pathname === "/login" || pathname === "/consent") return new Response("a page");
    return await auth.handler(request);
  },
);
const url = await listening;

/** Its introspection responds only to the token's own client, so the test's API looks here. */
async function accepts(token) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  const hash = new Uint8Array(digest).toBase64({ alphabet: "base64url", omitPadding: true });
  const found = database.prepare(
    'SELECT "expiresAt", "revoked" FROM "oauthAccessToken" WHERE "token" = ?',
  ).get(hash);
  return found !== undefined && found.revoked === null && new Date(found.expiresAt) > new Date();
}

function make(seconds) {
  return betterAuth({
    baseURL: url,
    secret,
    database,
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { level: "error" },
    disabledPaths: ["/token"],
    plugins: [
      jwt(),
      bearer(),
      deviceAuthorization({ interval: "1s", verificationUri: "/device" }),
      oauthProvider({
        loginPage: "/login",
        consentPage: "/consent",
        scopes: ["openid", "profile", "offline_access", "read"],
        accessTokenExpiresIn: seconds,
        m2mAccessTokenExpiresIn: seconds,
        clientPrivileges: () => true,
        silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
      }),
    ],
  });
}

auth = make(300);
await (await getMigrations(auth.options)).runMigrations();
const { token } = await auth.api.signUpEmail({ body: { ...login, name: "Ada" } });
const headers = new Headers({ authorization: `Bearer ${token}` });
const client = (body) =>
  auth.api.adminCreateOAuthClient({
    headers,
    body,
  });
// A redirect to this machine belongs to a native application.
const native = {
  application_type: "native",
  redirect_uris: ["http://127.0.0.1/callback"],
  scope: "openid profile offline_access read",
  grant_types: ["authorization_code", "refresh_token"],
};
const silent = await client({
  grant_types: ["client_credentials"],
  client_credentials_scopes: ["read"],
  token_endpoint_auth_method: "client_secret_post",
});
const basic = await client({
  grant_types: ["client_credentials"],
  client_credentials_scopes: ["read"],
  token_endpoint_auth_method: "client_secret_basic",
});
const web = await client({ ...native, token_endpoint_auth_method: "client_secret_post" });
const open = await client({ ...native, token_endpoint_auth_method: "none" });
// A separate client, because a revocation ends everything that a person granted a client.
const oidc = await client({ ...native, token_endpoint_auth_method: "none" });
const pick = ({ client_id, client_secret }) => ({ client_id, client_secret });
const ready = {
  url,
  login,
  clients: {
    silent: pick(silent),
    basic: pick(basic),
    web: pick(web),
    open: pick(open),
    oidc: pick(oidc),
  },
};
Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(ready)}\n`));
for await (const _ of Deno.stdin.readable);
await server.shutdown();
