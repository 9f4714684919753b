import assert from "node:assert/strict";
import { judge } from "../../src/grants/judge.ts";
import { isDeadGrant } from "../../src/grants/refusal.ts";
import { obtainToken } from "../../src/grants/obtain_token.ts";
import type { AuthError } from "../../src/errors.ts";
import type { GrantRequest } from "../../src/grants/grant.ts";
import { fakeServer } from "../support/fake_server.ts";
import { grantParts, makeKeeper, plainProvider, savedTokenOf } from "../support/parts.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { type RefusalRow, REFUSALS } from "./answers/refusals.ts";
import { USABLE, type UsableRow } from "./answers/usable.ts";

const textOf = (body: unknown) => typeof body === "string" ? body : JSON.stringify(body);
const usableText = ({ body }: UsableRow) =>
  typeof body === "string" ? body : JSON.stringify({ access_token: "t", ...body });
const answerTo = (row: UsableRow) =>
  new Response(usableText(row), {
    status: row.status ?? 200,
    headers: { "content-type": row.type ?? "application/json" },
  });
const refusalTo = ({ body, status, headers = {} }: RefusalRow) =>
  new Response(textOf(body), { status, headers: { "retry-after": "0", ...headers } });

test("judge() accepts every usable response and normalizes it, with every grant", () =>
  eachRow(USABLE, (row) => {
    for (const grant of ["password", "refresh_token", "authorization_code", "device_code"]) {
      const headers = new Headers({ "content-type": row.type ?? "application/json" });
      const { token } = judge({ grant }, row.status ?? 200, headers, usableText(row));
      assert.deepEqual(token, { access_token: "t", token_type: "bearer", ...row.token }, grant);
    }
  }));

test("judge() classifies refusals, with any HTTP status", () =>
  eachRow(REFUSALS, (row) => {
    for (
      const [grant, kind] of [
        ["refresh_token", row.refresh],
        ["client_credentials", row.client],
        ["password", row.password],
      ] as const
    ) {
      const { refusal } = judge({ grant }, row.status, new Headers(row.headers), textOf(row.body));
      assert.equal(refusal?.kind, kind, grant);
      if (row.error !== undefined) assert.equal(refusal?.error, row.error);
    }
  }));

test("judge() accepts a bound token, and no other in its place", () =>
  eachRow(
    [
      { name: "DPoP", dpop: true, type: "DPoP", taken: true },
      { name: "Bearer", dpop: true, type: "Bearer", taken: false },
      { name: "nothing", dpop: true, type: undefined, taken: false },
      { name: "DPoP without a key", dpop: false, type: "DPoP", taken: false },
      { name: "MAC", dpop: false, type: "mac", taken: false },
      // Own attack on trust 8.
      ...[
        "BEARER",
        "",
        "DPoP Bearer",
        "DPoP,Bearer",
        "dpop\u200b",
        "DP\u043eP",
        "N_A",
        null,
        true,
        ["DPoP"],
        { type: "DPoP" },
      ]
        .map((type) => ({
          name: `instead: ${JSON.stringify(type)}`,
          dpop: true,
          type,
          taken: false,
        })),
      ...["dpop", " DPoP ", "DPOP"].map((type) => ({
        name: `as good: "${type}"`,
        dpop: true,
        type,
        taken: true,
      })),
    ] as { name: string; dpop: boolean; type: unknown; taken: boolean }[],
    ({ dpop, type, taken }) => {
      const body = { access_token: "t", token_type: type, refresh_token: "next" };
      const asked = (grant: string) =>
        judge({ grant, dpop }, 200, new Headers(), JSON.stringify(body));
      assert.equal(asked("authorization_code").token !== undefined, taken);
      // A rotated refresh token is kept, but the access token counts as expired.
      const { token } = asked("refresh_token");
      assert.equal(token?.refresh_token, "next");
      assert.equal(token?.expires_in, taken ? undefined : 0);
    },
  ));

test("a client's refresh token is not kept; the client sends its credentials again", () => {
  const text = JSON.stringify({ access_token: "t", refresh_token: "r" });
  const { token } = judge({ grant: "client_credentials" }, 200, new Headers(), text);
  assert.deepEqual(token, { access_token: "t", token_type: "bearer" });
});

/** The error of one exchange. */
async function errorOf(row: RefusalRow, request: GrantRequest): Promise<AuthError> {
  const server = fakeServer(() => refusalTo(row));
  const provider = plainProvider({ grant: "password" });
  const values = { client_id: "c", client_secret: "invalid_grant", username: "u", password: "pw" };
  const context = grantParts(server.fetch, { provider, values });
  const error = await obtainToken(context, request).catch((error) => error);
  assert(error instanceof Error && error.name === "AuthError", Deno.inspect(error));
  return error as AuthError;
}

test("errors say who was refused, in the server's own words", () =>
  eachRow(REFUSALS, async (row) => {
    const requests = [
      [row.refresh, { grant: "refresh_token", refreshToken: "the-refresh-token" }],
      [row.client, { grant: "client_credentials" }],
      [row.password, { grant: "password" }],
    ] as const;
    for (const [kind, request] of requests) {
      const error = await errorOf(row, request);
      assert.equal(/client ID/.test(error.message), kind === "client", error.message);
      assert.equal(error.code === "client_refused", kind === "client", error.message);
      assert.equal(error.code === "login_refused", kind === "login", error.message);
      assert.equal(isDeadGrant(error), kind === "grant");
      if (kind === "passing") assert.match(error.code, /server_error|rate_limited|network/);
      // A known error name is shown even if a secret looks like it.
      if (row.error === "invalid_grant" && kind !== "passing") {
        assert.equal(error.error, "invalid_grant");
      }
    }
  }));

test("a server's own words are shown, cleaned, if they contain no secret", () =>
  eachRow([
    {
      name: "detail",
      body: { detail: "Your account\u0007 is\nlocked" },
      says: /Your account +is locked/,
    },
    { name: "errorSummary", body: { errorSummary: "Ask your admin" }, says: /Ask your admin/ },
    { name: "message", body: { message: "Call us" }, says: /Call us/ },
    { name: "plain text", body: "Call us", says: /Call us/ },
    { name: "bidi marks", body: { detail: "a\u202eb\u200bc" }, says: /^[^\u202e\u200b]*$/ },
    { name: "the secret", body: { detail: "x the-client-secret y" }, says: /^((?!client-s).)*$/ },
    { name: "a part of it", body: { detail: "client-secr" }, says: /^((?!client-s).)*$/ },
    {
      name: "the secret, split by an invisible character",
      body: { detail: "the-cl\u200bient-sec\u200bret" },
      says: /^((?!sec\u200b?ret).)*$/,
    },
  ], async ({ body, says }) => {
    for (const clientAuthentication of ["client_secret_post", "client_secret_jwt"] as const) {
      const server = fakeServer(() => new Response(textOf(body), { status: 403 }));
      const context = grantParts(server.fetch, {
        provider: plainProvider({ clientAuthentication }),
      });
      const error = await obtainToken(context, { grant: "client_credentials" }).catch((e) => e);
      assert.match(error.message, says);
    }
  }));

test("a refused refresh token removes no session, and a temporary failure keeps it", () =>
  eachRow(REFUSALS, async (row) => {
    const refused = (form: URLSearchParams) => form.get("grant_type") === "refresh_token";
    const begin = (how: { silent?: null }) => {
      const server = fakeServer(({ form }) =>
        refused(form) ? refusalTo(row) : Response.json({ access_token: "new" })
      );
      const made = makeKeeper(server.fetch, how);
      const old = savedTokenOf(made.clock, { expires_at: 0, refresh_token: "old-refresh" });
      made.store.tokens.set("key", old);
      return { ...made, server };
    };
    const isDead = row.refresh === "grant";

    // With credentials, the next grant is tried.
    const silent = begin({});
    await silent.keeper.adopt();
    const outcome = await silent.keeper.fresh().then((token) => token.access_token, (e) => e.code);
    if (isDead) assert.equal(outcome, "new");
    else assert.notEqual(outcome, "new");

    // With a person.
    const asked = begin({ silent: null });
    asked.setup.signIn = () =>
      Promise.resolve({ response: { access_token: "from-a-person", token_type: "bearer" } });
    await asked.keeper.adopt();
    const given = await asked.keeper.fresh().then((token) => token.access_token, (e) => e.code);
    assert.equal(given === "from-a-person", isDead, String(given));

    // Without a person, an error reports it, and the old token stays until there is a new one.
    const alone = begin({ silent: null });
    const { AuthError } = await import("../../src/errors.ts");
    alone.setup.signIn = () => Promise.reject(new AuthError("credentials_missing", "Nobody."));
    await alone.keeper.adopt();
    const end = await alone.keeper.fresh().catch((error) => error);
    assert.equal(end.code === "login_required", isDead, end.code);
    assert.equal(alone.store.tokens.get("key")?.refresh_token, "old-refresh");
    const sent = alone.server.count("refresh_token");
    await alone.keeper.fresh().catch(() => {});
    // This session does not send a refused refresh token again, but retries after a temporary failure.
    assert.equal(alone.server.count("refresh_token") === sent, isDead);
  }, 12));

test("a usable response to a refresh is kept, with rotation and reuse detection", () =>
  eachRow(USABLE, async (row) => {
    // Every refresh token works once. A second use ends the family.
    const state = { valid: "refresh-0", family: true };
    const server = fakeServer(({ form }, number) => {
      if (!state.family || form.get("refresh_token") !== state.valid) {
        state.family = false;
        return Response.json({ error: "invalid_grant" }, { status: 400 });
      }
      const given = typeof row.body === "string" ? {} : row.body;
      const rotates = !("refresh_token" in given) && typeof row.body !== "string";
      if (!rotates) {
        state.valid = String(row.token?.refresh_token ?? state.valid);
        return answerTo(row);
      }
      state.valid = `refresh-${number}`;
      return answerTo({ ...row, body: { ...given, refresh_token: state.valid } });
    });
    const { keeper, store, clock } = makeKeeper(server.fetch, { silent: null });
    const old = { expires_at: 0, refresh_token: "refresh-0" };
    store.tokens.set("key", savedTokenOf(clock, old));
    await keeper.adopt();
    for (let round = 0; round < 3; round++) {
      const outcome = await keeper.refresh().then((token) => token.access_token, (e) => e);
      // The token is already expired, which is an error. Its refresh token is still kept.
      if (row.token?.expires_in === 0) assert.equal(outcome.code, "bad_response");
      else assert.equal(outcome, "t");
    }
    assert.equal(state.family, true);
    assert.equal(store.tokens.get("key")?.refresh_token, state.valid);
  }));

test("a login refused with a challenge is not reported as a refused client", async () => {
  const server = fakeServer(() =>
    Response.json({ error: "invalid_grant" }, {
      status: 400,
      headers: { "www-authenticate": 'Bearer error="invalid_grant"' },
    })
  );
  const context = grantParts(server.fetch, { provider: plainProvider({ grant: "password" }) });
  await rejects(
    obtainToken(context, { grant: "password" }),
    "login_refused",
    /username and password/,
  );
});
