import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import type { ProviderInput } from "../../src/providers/define_provider.ts";
import type { SessionOptions } from "../../src/interface/options.ts";
import { call, works } from "../support/call.ts";
import { onLink, type Script, scriptedPerson } from "../support/person.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import {
  changeSavedToken,
  createWorld,
  oidcProvider,
  savedToken,
  type World,
} from "../support/world.ts";

const oidcWorld = (client = "oidc") => createWorld("oidc", { client });

/** Starts a session with the public client and a person whose browser is on this machine. */
function start(
  world: World,
  script: Script,
  input: Partial<ProviderInput> = {},
  extra: SessionOptions = {},
) {
  const person = scriptedPerson({ browserIsLocal: true, ...script });
  const session = getSession(oidcProvider(world, input), {
    directory: world.directory,
    credentials: world.credentials,
    person,
    ...extra,
  });
  return { person, session };
}

/** A browser that opens the link and follows the redirect back. */
const browse = ({ sandbox }: World) =>
  onLink(async (url) => {
    const response = await fetch(await sandbox.completeSignIn(url));
    assert.match(await response.text(), /You're signed in/);
    assert.equal(response.status, 200);
  });

/** A browser that shows an error page, so that the person copies its address. */
const copyAddress =
  ({ sandbox }: World, person: { shown: { kind: string; url?: string }[] }) => () =>
    sandbox.completeSignIn(person.shown.findLast(({ kind }) => kind === "link")?.url ?? "");

const nobody = (world: World, extra: SessionOptions = {}) =>
  getSession(oidcProvider(world), {
    directory: world.directory,
    credentials: world.credentials,
    interactive: false,
    ...extra,
  });

test("oidc: a browser on this machine signs in by a redirect to loopback", async () => {
  await using world = await oidcWorld();
  const { sandbox, user } = world;
  const { person, session } = start(world, { onShow: browse(world) });
  const s = await session;
  await works(s);
  await person.settled();
  assert.equal(person.opened.length, 1);
  assert.match(person.opened[0] ?? "", /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/);
  const card = person.shown.find(({ kind }) => kind === "link");
  const url = new URL(card?.kind === "link" ? card.url : "");
  assert.equal(url.searchParams.get("code_challenge_method"), "S256");
  assert.equal(new URL(url.searchParams.get("redirect_uri") ?? "").hostname, "127.0.0.1");
  assert.equal(s.account, user.username);
  assert.equal((await s.claims())?.["sub"], user.username);

  const second = await nobody(world);
  await works(second);
  assert.equal(second.account, user.username, "who signed in is saved");
  await changeSavedToken(world.directory, (token) => token["expires_at"] = Date.now() / 1000 - 1);
  await works(await nobody(world));
  assert.equal(sandbox.count("oidc.token.authorization_code"), 1);
  assert.equal(sandbox.count("oidc.token.refresh_token"), 1);
  assert.equal(sandbox.count("invalid_grant"), 0);
  assert.deepEqual(sandbox.errors, []);
});

test("oidc: an address pasted from another machine's browser signs in", async () => {
  await using world = await oidcWorld();
  const person = scriptedPerson({
    answers: [
      "http://127.0.0.1/callback?code=of-another-sign-in&state=wrong",
      (): Promise<string> => copyAddress(world, person)(),
    ],
  });
  const session = await start(world, {}, {}, { person, method: "paste" }).session;
  await works(session);
  assert.match(person.asked[1]?.text ?? "", /another sign-in/);
});

test("oidc: a device code signs in if there is no local browser", async () => {
  await using world = await oidcWorld();
  const { sandbox } = world;
  sandbox.fault("oidc.device_authorization", { kind: "patch", set: { interval: 1 } }, 2);
  const { person, session } = start(world, {
    browserIsLocal: false,
    onShow: (state) =>
      state.kind === "device" ? sandbox.approveDevice(state.completeUrl ?? state.url) : undefined,
  });
  await works(await session);
  await person.settled();
  const card = person.shown.find(({ kind }) => kind === "device");
  assert(card?.kind === "device" && card.code.length >= 8 && card.until > Date.now());

  const refuse = start(
    world,
    {
      browserIsLocal: false,
      onShow: (state) => state.kind === "device" ? sandbox.denyDevice(state.completeUrl ?? "") : 0,
    },
    {},
    { forceLogin: true },
  );
  const error = await rejects(refuse.session, "login_refused", /declined/);
  assert.equal(error.error, "access_denied");
  await refuse.person.settled();
  assert.equal(refuse.person.shown.at(-1)?.kind, "failed");
});

test("oidc: declining, waiting too long and stopping each have their own error", async () => {
  await using world = await oidcWorld();
  const { sandbox } = world;
  const decline = start(world, {
    onShow: onLink(async (url) => {
      const response = await fetch(await sandbox.denySignIn(url));
      assert.match(await response.text(), /declined/);
    }),
  });
  await rejects(decline.session, "login_refused");
  await decline.person.settled();

  const stopped = start(world, {
    onShow: onLink(() => stopped.person.stop(new DOMException("stop", "AbortError"))),
  });
  await rejects(stopped.session, "aborted");

  const controller = new AbortController();
  const aborted = start(world, { onShow: onLink(() => controller.abort()) }, {}, {
    signal: controller.signal,
  });
  await rejects(aborted.session, "aborted");
  const late = start(world, {}, {}, { signal: AbortSignal.timeout(100) });
  await rejects(late.session, "timeout");
  assert.equal(await savedToken(world.directory), null);
});

test("oidc: without a person it fails at once, and says what to do", async () => {
  await using world = await oidcWorld();
  await rejects(nobody(world), "login_required", /once in a notebook or a terminal/);
  const { session } = start(world, {}, { methods: ["paste"] }, { method: "browser" });
  await rejects(session, "invalid_argument", /It has: paste/);
});

test("oidc: tokens bound to a key (DPoP) sign in, renew, and do not work without the key", async () => {
  await using world = await oidcWorld();
  const { sandbox, directory, api } = world;
  const bound = { dpop: true };
  const { session } = start(world, { onShow: browse(world) }, bound);
  const s = await session;
  await works(s);
  const posted = await call(s, "/api/echo", { method: "POST", body: "with a proof" });
  assert.equal(posted.json["body"], "with a proof");
  const stolen = await fetch(`${api}/api/info`, {
    headers: { authorization: `Bearer ${await s.token()}` },
  });
  await stolen.body?.cancel();
  assert.equal(stolen.status, 401);

  await changeSavedToken(directory, (token) => token["expires_at"] = Date.now() / 1000 - 1);
  const again = await getSession(oidcProvider(world, bound), {
    directory,
    credentials: world.credentials,
    interactive: false,
  });
  await works(again);
  sandbox.revokeAccessTokens();
  await works(again);
  assert.equal(sandbox.count("oidc.token.refresh_token"), 2);
  assert.equal(sandbox.count("oidc.token.authorization_code"), 1);
  assert.deepEqual(sandbox.errors, []);
});

test("oidc: logout revokes the refresh token at the server", async () => {
  await using world = await oidcWorld();
  const { session } = start(world, { onShow: browse(world) });
  const report = await (await session).logout();
  assert.equal(report.refreshToken, "revoked");
  assert.equal(report.removed, true);
  assert.deepEqual(report.problems, []);
  await rejects(nobody(world), "login_required");
});

test("oidc: a confidential client can sign a person in as well", async () => {
  await using world = await oidcWorld("oidc.client_secret_post");
  const input = { clientAuthentication: "client_secret_post" } as const;
  const { session } = start(world, { onShow: browse(world) }, input);
  await works(await session);
});
