import assert from "node:assert/strict";
import { doctor, forgetCredentials, getSession, logout, status } from "../../mod.ts";
import type { Session, SessionOptions } from "../../mod.ts";
import { nameOf } from "../../src/address/saved_address.ts";
import { prefixFor } from "../../src/providers/define_provider.ts";
import { works } from "../support/call.ts";
import { TestFolder } from "../support/folder.ts";
import { onLink, type Script, scriptedPerson } from "../support/person.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";
import { changeSavedToken, createWorld, type World } from "../support/world.ts";

/** Signs in to a world's API by its address, with a browser on this machine. */
function start(world: World, script: Script, extra: SessionOptions = {}) {
  const person = scriptedPerson({ browserIsLocal: true, onShow: browse(world), ...script });
  const session = getSession(apiOf(world), { directory: world.directory, person, ...extra });
  return { person, session };
}

const apiOf = ({ sandbox }: World) => sandbox.environment["OIDC_API_URL"] ?? "";
const authOf = ({ sandbox }: World) => sandbox.environment["OIDC_ISSUER"] ?? "";
const nobody = (world: World): Promise<Session> =>
  getSession(apiOf(world), { directory: world.directory, interactive: false });

/** A browser that opens the link and follows the redirect back. */
const browse = ({ sandbox }: World) =>
  onLink(async (url) => {
    const response = await fetch(await sandbox.completeSignIn(url));
    assert.match(await response.text(), /You're signed in/);
  });

/** The files in a world's folder that are not tokens, with their modes and contents. */
async function savedFiles({ directory }: World) {
  const files: Record<string, { mode: number; text: string }> = {};
  for await (const { name, isFile } of Deno.readDir(directory)) {
    if (!isFile) continue;
    const { mode } = await Deno.stat(`${directory}/${name}`);
    const text = await Deno.readTextFile(`${directory}/${name}`);
    files[name] = { mode: (mode ?? 0) & 0o777, text };
  }
  return files;
}

test("an address: one prompt, a registered client, a browser sign-in; later no prompt and no discovery", async () => {
  await using world = await createWorld("oidc");
  const { sandbox, user } = world;
  const { person, session } = start(world, { answers: ["yes"] });
  const first = await session;
  await works(first);
  await person.settled();
  assert.equal(first.account, user.username);
  assert.equal(first.apiUrl, `${apiOf(world)}/`);
  const [question, more] = person.questions;
  assert.equal(more, undefined);
  const [api, auth] = [new URL(apiOf(world)).host, new URL(authOf(world)).host];
  assert.equal(
    question?.text,
    `Sign in to ${api} at ${auth}, with the scopes openid api:read api:write, and stay signed in? yes or no`,
  );
  assert.equal(question?.host, auth);
  const files = await savedFiles(world);
  assert.equal(Object.keys(files).length, 2);
  for (const [name, { mode, text }] of Object.entries(files)) {
    assert.equal(mode, 0o600, name);
    assert.equal(JSON.parse(text)["onecell_server"], authOf(world), name);
  }
  const { registration_access_token } = JSON.parse(files["app_credentials"]?.text ?? "{}");
  assert(registration_access_token.length > 20);
  const shown = JSON.stringify([person.shown, person.questions, first, String(first)]);
  assert(!shown.includes(registration_access_token));

  const asked = sandbox.count("oidc.discovery") + sandbox.count("oidc.resource_metadata");
  await works(await nobody(world));
  await changeSavedToken(world.directory, (token) => token["expires_at"] = 1);
  await works(await nobody(world));
  assert.equal(sandbox.count("oidc.token.refresh_token"), 1);
  assert.equal(sandbox.count("oidc.discovery") + sandbox.count("oidc.resource_metadata"), asked);
  assert.equal(sandbox.count("oidc.register.201"), 1);

  const again = start(world, {}, { forceLogin: true });
  await works(await again.session);
  assert.deepEqual(again.person.questions, [], "the same server and scopes were agreed on");
  assert.equal(sandbox.count("oidc.register.201"), 1);
  assert.equal(sandbox.count("oidc.token.authorization_code"), 2);
  assert.deepEqual(sandbox.errors, []);
});

test("an address without a person: the error says what to do, and nothing is sent", async () => {
  await using world = await createWorld("oidc");
  const error = await rejects(nobody(world), "unknown_provider", /onecell login http:\/\/127/);
  assert.match(error.message, /getSession\("http:\/\/127/);
  assert.deepEqual({ ...world.sandbox.counters }, {});
  for (const call of [status, logout, forgetCredentials]) {
    await rejects(
      call(apiOf(world), { directory: world.directory }),
      "unknown_provider",
      /Nothing is saved for 127[^]*onecell login/,
    );
  }
  assert.deepEqual({ ...world.sandbox.counters }, {});
});

test("an address that a person declines or leaves: nothing is sent to the authorization server", async () => {
  await using world = await createWorld("oidc");
  for (const answer of ["no", "", "perhaps", null]) {
    const { person, session } = start(world, { answers: [answer] });
    await rejects(session, answer === null ? "unknown_provider" : "cancelled");
    assert.equal(person.shown.at(-1)?.kind, "failed");
  }
  const { counters } = world.sandbox;
  assert.deepEqual(Object.keys(counters).filter((name) => !/api|resource_metadata/.test(name)), []);
  assert.deepEqual(await savedFiles(world), {});
});

test("an address with a given client ID: nothing is registered", async () => {
  await using world = await createWorld("oidc");
  const { sandbox } = world;
  const { person, session } = start(world, { answers: ["y"] }, {
    credentials: { client_id: sandbox.client("oidc").clientId },
  });
  await works(await session);
  assert.equal(person.questions.length, 1);
  assert.equal(sandbox.count("oidc.register"), 0);
});

test("an address with a given client secret signs in as a confidential client", async () => {
  await using world = await createWorld("oidc");
  const { clientId, clientSecret } = world.sandbox.client("oidc.client_secret_basic");
  const { session } = start(world, { answers: ["yes"] }, {
    credentials: { client_id: clientId, client_secret: clientSecret },
  });
  await works(await session);
});

test("an address whose server registers no clients: the prompt for the client ID says why", async () => {
  await using world = await createWorld("oidc");
  const { sandbox } = world;
  const refusal = { kind: "status", status: 403, body: '{"error":"access_denied"}' } as const;
  sandbox.fault("oidc.register", refusal, 3);
  const { person, session } = start(world, {
    answers: ["yes", sandbox.client("oidc").clientId],
  });
  await works(await session);
  const [, question] = person.questions;
  assert.equal(question?.field, "client_id");
  const card = person.shown.find((state) => state.kind === "starting" && state.problem);
  assert(card?.kind === "starting");
  assert.match(card.problem ?? "", /does not register this program.*redirect URI http:\/\/127/);
  await works(await nobody(world));
});

test("an address signs in with a device code if there is no local browser", async () => {
  await using world = await createWorld("oidc");
  const { sandbox } = world;
  sandbox.fault("oidc.device_authorization", { kind: "patch", set: { interval: 1 } }, 1);
  const { session } = start(world, {
    answers: ["yes"],
    browserIsLocal: false,
    onShow: (state) =>
      state.kind === "device" ? sandbox.approveDevice(state.completeUrl ?? state.url) : undefined,
  });
  await works(await session);
});

test("an address: doctor shows where it signs in, and status and logout work with it", async () => {
  await using world = await createWorld("oidc");
  const { directory } = world;
  const before = await rejects(
    doctor(apiOf(world), { directory }),
    "login_required",
    /names the authorization server 127/,
  );
  assert.match(before.message, /onecell login/);
  assert.equal(world.sandbox.count("oidc.discovery"), 0, "nobody has agreed to ask it");
  await (await start(world, { answers: ["yes"] }).session).token();
  const report = await doctor(apiOf(world), { directory });
  assert.equal(report.ok, true, String(report));
  assert.match(
    String(report),
    new RegExp(`Address: ${apiOf(world)}/ signs in at ${authOf(world)}`),
  );
  const { systems: [system] } = await status(apiOf(world), { directory });
  assert.equal(system?.ready, true);
  const ended = await logout(apiOf(world), { directory, forget: true });
  assert.equal(ended.sessions.length, 1);
  assert.equal(ended.sessions[0]?.refreshToken, "revoked");
  assert.equal(ended.forgotten?.length, 2);
  assert.deepEqual(await savedFiles(world), {}, "the agreement is forgotten too");
});

test("an address with an external token needs no sign-in", async () => {
  await using world = await createWorld("oidc");
  const { session } = start(world, { answers: ["yes"] });
  const token = await (await session).token();
  await using other = await createWorld("oidc");
  const s = await getSession(apiOf(world), {
    directory: other.directory,
    interactive: false,
    token,
  });
  await works(s);
});

test("an address with a token in its variable needs no sign-in", async () => {
  await using world = await createWorld("oidc");
  const { session } = start(world, { answers: ["yes"] });
  const token = await (await session).token();
  await using folder = await TestFolder.make();
  const name = `${prefixFor(await nameOf(new URL(apiOf(world))))}_ACCESS_TOKEN`;
  Deno.env.set(name, token);
  try {
    await works(
      await getSession(apiOf(world), { directory: folder.path, interactive: false }),
    );
  } finally {
    Deno.env.delete(name);
  }
});
