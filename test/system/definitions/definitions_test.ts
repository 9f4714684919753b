/**
 * The definitions in `examples/providers`, unchanged, against stand-ins that respond as each service's
 * documentation says. They have not been tried with the real services.
 */
import assert from "node:assert/strict";
import { exportPKCS8, generateKeyPair, jwtVerify } from "jose";
import { getSession, readProvider } from "../../../mod.ts";
import type { AuthErrorCode, Provider } from "../../../mod.ts";
import { TestFolder } from "../../support/folder.ts";
import { jwt } from "../../support/jwt.ts";
import { scriptedPerson } from "../../support/person.ts";
import { rejects } from "../../support/rejects.ts";
import { test } from "../../support/tests.ts";
import { type Answers, type Arrival, DeviceFlow, json, startStandIn } from "./stand_in.ts";

const FOLDER = new URL("../../../examples/providers/", import.meta.url);

/** A service, and how a user signs in to it. */
interface Service {
  readonly definition: string;
  readonly hosts: readonly string[];
  /** A new stand-in for each sign-in, because it remembers its tokens. */
  readonly serve: () => Answers;
  readonly credentials: Record<string, string>;
  /** The user's input. */
  readonly answers?: readonly string[];
  /** A request to its API. */
  readonly call: string;
  /** The signed-in user, if the service says so. */
  readonly account?: string;
  /** Credentials that it refuses, and the resulting error code. */
  readonly refused?: { credentials: Record<string, string>; code: AuthErrorCode };
  /** More checks of the requests that arrived. */
  readonly check?: (arrivals: readonly Arrival[]) => void;
}

const now = () => Math.floor(Date.now() / 1000);

/** A token response of Keycloak (CDSE, Sentinel Hub). */
const ofKeycloak = (more: Record<string, unknown>) => ({
  access_token: jwt({ exp: now() + 600, iat: now() }),
  expires_in: 600,
  refresh_expires_in: 0,
  token_type: "Bearer",
  "not-before-policy": 0,
  scope: "email profile",
  ...more,
});

/** A service whose API accepts the tokens that it issued. */
function withTokens(
  answers: (arrival: Arrival, give: (token: string) => string) => Response | undefined,
): Answers {
  const given = new Set<string>();
  const give = (token: string) => (given.add(token), token);
  return (arrival) => {
    const { bearer } = arrival;
    if (bearer === undefined) return answers(arrival, give);
    return given.has(bearer) ? json({ ok: true }) : json({ error: "invalid_token" }, 401);
  };
}

const isAt = ({ method, url }: Arrival, asked: string, host?: string) =>
  `${method} ${url.pathname}` === asked && (host === undefined || url.host === host);

const KEYCLOAK_TOKEN = "POST /auth/realms/main/protocol/openid-connect/token";

/** Sentinel Hub's realm of Keycloak, which also has Planet's service users. */
const sentinelHub = (audience: string | null): Answers =>
  withTokens((arrival, give) => {
    if (!isAt(arrival, KEYCLOAK_TOKEN, "services.sentinel-hub.com")) return undefined;
    const { form } = arrival;
    assert.equal(form.get("grant_type"), "client_credentials");
    assert.equal(form.get("audience"), audience);
    assert.equal(arrival.basic, undefined);
    if (form.get("client_secret") !== "the-secret") {
      const error_description = "Invalid client or Invalid client credentials";
      return json({ error: "unauthorized_client", error_description }, 401);
    }
    const { access_token, ...rest } = ofKeycloak({});
    return json({ access_token: give(access_token), ...rest });
  });

const client = { client_id: "the-client", client_secret: "the-secret" };
const wrongClient = { client_id: "the-client", client_secret: "another" };

const TENANT = "11111111-2222-3333-4444-555555555555";

/** The key of a service account, as in its file. */
const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
const ROBOT = "robot@project-1.iam.gserviceaccount.com";

/** Google's token endpoint for service accounts: a signed assertion, valid for an hour at most. */
function google(): Answers {
  const given = new Set<string>();
  return async ({ bearer, form, method, url }) => {
    if (bearer !== undefined) {
      return given.has(bearer) ? json({ kind: "storage#buckets" }) : json({ error: {} }, 401);
    }
    if (`${method} ${url.href}` !== "POST https://oauth2.googleapis.com/token") return undefined;
    assert.equal(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { payload, protectedHeader } = await jwtVerify(form.get("assertion") ?? "", publicKey, {
      issuer: ROBOT,
      audience: "https://oauth2.googleapis.com/token",
    });
    assert.deepEqual([protectedHeader.alg, protectedHeader.kid], ["RS256", "0123abcd"]);
    assert.equal(payload["scope"], "https://www.googleapis.com/auth/devstorage.read_only");
    assert((payload.exp ?? 0) - (payload.iat ?? 0) <= 3600);
    if (payload.sub !== undefined) {
      return json({
        error: "unauthorized_client",
        error_description: "Client is unauthorized to retrieve access tokens using this method.",
      }, 401);
    }
    given.add("ya29.x");
    return json({ access_token: "ya29.x", token_type: "Bearer", expires_in: 3599 });
  };
}

const robot = {
  client_email: ROBOT,
  private_key: await exportPKCS8(privateKey),
  key_id: "0123abcd",
};

const SERVICES: readonly Service[] = [
  {
    definition: "my-google",
    hosts: ["oauth2.googleapis.com", "storage.googleapis.com"],
    serve: google,
    credentials: robot,
    call: "b?project=project-1",
    account: ROBOT,
    refused: { credentials: { ...robot, subject: "ada@example.com" }, code: "client_refused" },
  },
  {
    definition: "copernicus",
    hosts: [
      "identity.dataspace.copernicus.eu",
      "catalogue.dataspace.copernicus.eu",
      "download.dataspace.copernicus.eu",
    ],
    serve: () =>
      withTokens((arrival, give) => {
        const token = "POST /auth/realms/CDSE/protocol/openid-connect/token";
        if (!isAt(arrival, token, "identity.dataspace.copernicus.eu")) return undefined;
        const { form } = arrival;
        assert.equal(form.get("client_id"), "cdse-public");
        assert.equal(form.get("client_secret"), null);
        const isRefresh = form.get("grant_type") === "refresh_token" &&
          form.get("refresh_token") === "a-refresh-token";
        const isLogin = form.get("grant_type") === "password" && form.get("username") === "ada" &&
          form.get("password") === "right";
        if (!isRefresh && !isLogin) {
          const error_description = "Invalid user credentials";
          return json({ error: "invalid_grant", error_description }, 401);
        }
        const made = ofKeycloak({ refresh_token: "a-refresh-token", refresh_expires_in: 3600 });
        return json({ ...made, access_token: give(made.access_token) });
      }),
    credentials: { username: "ada", password: "right" },
    call: "https://download.dataspace.copernicus.eu/odata/v1/Products(x)/$value",
    account: "ada",
    refused: { credentials: { username: "ada", password: "wrong" }, code: "login_refused" },
  },
  {
    definition: "my-earthdata",
    hosts: [
      "urs.earthdata.nasa.gov",
      "cmr.earthdata.nasa.gov",
      "data.nsidc.earthdatacloud.nasa.gov",
    ],
    serve: () =>
      withTokens((arrival, give) => {
        if (!isAt(arrival, "POST /api/users/find_or_create_token", "urs.earthdata.nasa.gov")) {
          return undefined;
        }
        // The Earthdata username and password, as HTTP Basic.
        if (arrival.basic !== "ada:p%w d") {
          const error_description = "Invalid user credentials";
          return json({ error: "invalid_credentials", error_description }, 401);
        }
        const access_token = give(jwt({ type: "User", uid: "ada", exp: now() + 5_184_000 }));
        return json({ access_token, token_type: "Bearer", expiration_date: "01/25/2027" });
      }),
    credentials: { client_id: "ada", client_secret: "p%w d" },
    call: "https://data.nsidc.earthdatacloud.nasa.gov/x.nc",
    refused: { credentials: { client_id: "ada", client_secret: "no" }, code: "client_refused" },
  },
  {
    definition: "sentinel-hub",
    hosts: ["services.sentinel-hub.com"],
    serve: () => sentinelHub(null),
    credentials: client,
    call: "/api/v1/catalog/1.0.0/collections",
    refused: { credentials: wrongClient, code: "client_refused" },
  },
  {
    definition: "planet-service",
    hosts: ["services.sentinel-hub.com", "api.planet.com"],
    serve: () => sentinelHub("https://api.planet.com/"),
    credentials: client,
    call: "/data/v1/item-types",
    refused: { credentials: wrongClient, code: "client_refused" },
  },
  {
    definition: "planet",
    hosts: ["login.planet.com", "api.planet.com"],
    serve: () => auth0("https://login.planet.com/", "https://api.planet.com/"),
    credentials: { client_id: "the-client" },
    call: "/data/v1/item-types",
  },
  {
    definition: "my-auth0",
    hosts: ["tenant.eu.auth0.com"],
    serve: () => auth0("https://tenant.eu.auth0.com/", "https://tenant.eu.auth0.com/api/v2/"),
    credentials: { domain_url: "https://tenant.eu.auth0.com", ...client },
    call: "users",
    refused: {
      credentials: { domain_url: "https://tenant.eu.auth0.com/", ...wrongClient },
      code: "client_refused",
    },
    check: (arrivals) => {
      assert.equal(arrivals.at(-1)?.url.href, "https://tenant.eu.auth0.com/api/v2/users");
    },
  },
  {
    definition: "entra",
    hosts: ["login.microsoftonline.com", "graph.microsoft.com"],
    serve: entra,
    credentials: { tenant_id: TENANT, client_id: "the-client" },
    call: "me",
    account: "ada@example.com",
    check: (arrivals) => {
      assert.equal(arrivals.at(-1)?.url.href, "https://graph.microsoft.com/v1.0/me");
    },
  },
  {
    definition: "my-github",
    hosts: ["github.com", "api.github.com"],
    serve: github,
    credentials: { client_id: "the-client" },
    call: "/user",
    check: (arrivals) => {
      // GitHub refuses requests without a user agent.
      assert(arrivals.every(({ headers }) => headers.get("user-agent")));
    },
  },
  {
    definition: "my-gitlab",
    hosts: ["gitlab.com"],
    serve: gitlab,
    credentials: { client_id: "the-client" },
    call: "user",
    check: (arrivals) => assert.equal(arrivals.at(-1)?.url.href, "https://gitlab.com/api/v4/user"),
  },
  {
    definition: "keycloak",
    hosts: ["sso.example.org"],
    serve: keycloak,
    credentials: {
      server_url: "https://sso.example.org",
      realm: "notebooks",
      client_id: "the-client",
    },
    call: "userinfo",
    account: "ada",
  },
];

/** Auth0's endpoints, which Planet uses: client credentials and device codes for one audience. */
function auth0(issuer: string, audience: string): Answers {
  const device = new DeviceFlow();
  const at = (path: string) => new URL(path, issuer).href;
  return withTokens((arrival, give) => {
    const { form } = arrival;
    if (isAt(arrival, "GET /.well-known/openid-configuration", new URL(issuer).host)) {
      return json({
        issuer,
        authorization_endpoint: at("/authorize"),
        token_endpoint: at("/oauth/token"),
        device_authorization_endpoint: at("/oauth/device/code"),
        revocation_endpoint: at("/oauth/revoke"),
        jwks_uri: at("/.well-known/jwks.json"),
        scopes_supported: ["openid", "offline_access"],
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["HS256", "RS256"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      });
    }
    if (isAt(arrival, "POST /oauth/device/code")) {
      assert.equal(form.get("audience"), audience);
      return json(device.begin({
        verification_uri: at("/activate"),
        verification_uri_complete: at("/activate?user_code=WDJB-MJHT"),
      }));
    }
    if (!isAt(arrival, "POST /oauth/token")) return undefined;
    const token = {
      expires_in: 86_400,
      token_type: "Bearer",
      scope: form.get("scope") ?? "read:users",
    };
    if (form.get("grant_type") === "client_credentials") {
      assert.equal(form.get("audience"), audience);
      if (form.get("client_secret") !== "the-secret") {
        return json({ error: "access_denied", error_description: "Unauthorized" }, 401);
      }
      return json({ access_token: give("an-opaque-token"), ...token });
    }
    switch (device.poll(arrival)) {
      case "pending":
        return json({
          error: "authorization_pending",
          error_description: "User has yet to authorize device code.",
        }, 403);
      case "approved":
        return json({ access_token: give("a-user's-token"), refresh_token: "r", ...token });
    }
    return json({ error: "invalid_grant", error_description: "Invalid or expired code" }, 403);
  });
}

/** Entra's v2.0 endpoints, by the tenant's ID. */
function entra(): Answers {
  const device = new DeviceFlow();
  const at = (path: string) => `https://login.microsoftonline.com/${TENANT}${path}`;
  return withTokens((arrival, give) => {
    if (isAt(arrival, `GET /${TENANT}/v2.0/.well-known/openid-configuration`)) {
      return json({
        issuer: at("/v2.0"),
        token_endpoint: at("/oauth2/v2.0/token"),
        authorization_endpoint: at("/oauth2/v2.0/authorize"),
        device_authorization_endpoint: at("/oauth2/v2.0/devicecode"),
        jwks_uri: at("/discovery/v2.0/keys"),
        response_types_supported: ["code"],
        subject_types_supported: ["pairwise"],
        id_token_signing_alg_values_supported: ["RS256"],
        token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
      });
    }
    if (isAt(arrival, `POST /${TENANT}/oauth2/v2.0/devicecode`)) {
      assert.equal(arrival.form.get("scope"), "openid profile offline_access User.Read");
      // Without `verification_uri_complete`, as its documentation says.
      return json(device.begin({
        verification_uri: "https://microsoft.com/devicelogin",
        message: "To sign in, use a web browser to open the page https://microsoft.com/devicelogin",
      }));
    }
    if (!isAt(arrival, `POST /${TENANT}/oauth2/v2.0/token`)) return undefined;
    if (device.poll(arrival) === "pending") {
      return json({
        error: "authorization_pending",
        error_description: "AADSTS70016: OAuth 2.0 device flow error. Authorization is pending.",
        error_codes: [70016],
        timestamp: "2026-11-26 12:00:00Z",
        trace_id: crypto.randomUUID(),
        correlation_id: crypto.randomUUID(),
        error_uri: "https://login.microsoftonline.com/error?code=70016",
      }, 400);
    }
    return json({
      token_type: "Bearer",
      scope: "openid profile User.Read",
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: give("an-access-token"),
      refresh_token: "0.a-refresh-token",
      id_token: jwt({
        aud: "the-client",
        iss: at("/v2.0"),
        iat: now(),
        nbf: now(),
        exp: now() + 3600,
        name: "Ada Lovelace",
        preferred_username: "ada@example.com",
        sub: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        tid: TENANT,
        ver: "2.0",
      }),
    });
  });
}

/** GitHub's device flow: 200 even while pending, and a form unless JSON is requested. */
function github(): Answers {
  const device = new DeviceFlow();
  return withTokens((arrival, give) => {
    const { headers, form } = arrival;
    const answer = (body: Record<string, unknown>) =>
      headers.get("accept")?.includes("application/json")
        ? json(body)
        : new Response(new URLSearchParams(body as Record<string, string>).toString(), {
          headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
        });
    if (isAt(arrival, "POST /login/device/code", "github.com")) {
      assert.deepEqual([form.get("client_id"), form.get("scope")], ["the-client", "read:user"]);
      return answer(device.begin({ verification_uri: "https://github.com/login/device" }));
    }
    if (!isAt(arrival, "POST /login/oauth/access_token", "github.com")) return undefined;
    if (device.poll(arrival) === "pending") {
      return answer({
        error: "authorization_pending",
        error_description: "The authorization request is still pending.",
        error_uri: "https://docs.github.com/developers/apps/authorizing-oauth-apps#error-codes",
      });
    }
    return answer({ access_token: give("gho_x"), token_type: "bearer", scope: "read:user" });
  });
}

/** GitLab's device grant. Every refresh returns another refresh token. */
function gitlab(): Answers {
  const device = new DeviceFlow();
  return withTokens((arrival, give) => {
    if (isAt(arrival, "POST /oauth/authorize_device")) {
      return json(device.begin({
        expires_in: 300,
        verification_uri: "https://gitlab.com/oauth/device",
        verification_uri_complete: "https://gitlab.com/oauth/device?user_code=WDJB-MJHT",
      }));
    }
    if (!isAt(arrival, "POST /oauth/token")) return undefined;
    if (device.poll(arrival) === "pending") {
      const error_description = "The authorization request is still pending";
      return json({ error: "authorization_pending", error_description }, 400);
    }
    return json({
      access_token: give("a-gitlab-token"),
      token_type: "Bearer",
      expires_in: 7200,
      refresh_token: "another-refresh-token",
      scope: "read_api",
      created_at: now(),
    });
  });
}

/** A realm of Keycloak whose client may use device codes. */
function keycloak(): Answers {
  const device = new DeviceFlow();
  const issuer = "https://sso.example.org/realms/notebooks";
  const at = (path: string) => `${issuer}/protocol/openid-connect${path}`;
  return withTokens((arrival, give) => {
    const path = (name: string) => new URL(at(name)).pathname;
    if (isAt(arrival, "GET /realms/notebooks/.well-known/openid-configuration")) {
      return json({
        issuer,
        authorization_endpoint: at("/auth"),
        token_endpoint: at("/token"),
        device_authorization_endpoint: at("/auth/device"),
        revocation_endpoint: at("/revoke"),
        userinfo_endpoint: at("/userinfo"),
        jwks_uri: at("/certs"),
        grant_types_supported: ["urn:ietf:params:oauth:grant-type:device_code"],
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
    }
    if (isAt(arrival, `POST ${path("/auth/device")}`)) {
      return json(device.begin({
        verification_uri: `${issuer}/device`,
        verification_uri_complete: `${issuer}/device?user_code=WDJB-MJHT`,
        expires_in: 600,
      }));
    }
    if (!isAt(arrival, `POST ${path("/token")}`)) return undefined;
    if (device.poll(arrival) === "pending") {
      const error_description = "The authorization request is still pending";
      return json({ error: "authorization_pending", error_description }, 400);
    }
    const { access_token, ...rest } = ofKeycloak({
      refresh_token: "a-refresh-token",
      id_token: jwt({
        iss: issuer,
        aud: "the-client",
        azp: "the-client",
        sub: "f1",
        iat: now(),
        exp: now() + 300,
        preferred_username: "ada",
      }),
    });
    return json({ access_token: give(access_token), ...rest });
  });
}

const read = (name: string) => readProvider(new URL(`${name}.json`, FOLDER));

for (const service of SERVICES) {
  test(`${service.definition}.json signs in to its stand-in, and the API accepts the token`, async () => {
    const provider: Provider = await read(service.definition);
    await using directory = await TestFolder.make();
    await using standIn = startStandIn(service.hosts, service.serve());
    const person = scriptedPerson();
    const options = { directory: directory.path, fetch: standIn.fetch, person };
    const { credentials } = service;
    const session = await getSession(provider, { ...options, credentials });
    const response = await session.fetch(service.call);
    assert.equal(response.status, 200, await response.text());
    if (service.account !== undefined) assert.equal(session.account, service.account);
    service.check?.(standIn.arrivals);
    const requests = standIn.arrivals.length;
    // The next start reuses the session.
    const { password: _, ...saved } = credentials;
    const again = await getSession(provider, { ...options, credentials: saved });
    assert.equal(await again.token(), await session.token());
    assert.equal(standIn.arrivals.length, requests);
  });

  const { refused } = service;
  if (refused) {
    test(`${service.definition}.json: an error says that the service refused the credentials`, async () => {
      const provider = await read(service.definition);
      await using directory = await TestFolder.make();
      await using standIn = startStandIn(service.hosts, service.serve());
      const { credentials, code } = refused;
      await rejects(
        getSession(provider, {
          directory: directory.path,
          fetch: standIn.fetch,
          interactive: false,
          credentials,
        }),
        code,
      );
    });
  }
}

test("each example has a stand-in and a row in the README of the folder", async () => {
  const names = [];
  for await (const { name } of Deno.readDir(FOLDER)) {
    if (name.endsWith(".json")) names.push(name.slice(0, -".json".length));
  }
  assert.deepEqual(names.sort(), SERVICES.map(({ definition }) => definition).sort());
  const text = await Deno.readTextFile(new URL("README.md", FOLDER));
  for (const name of names) assert(text.includes(`[\`${name}.json\`](${name}.json)`), name);
});
