/** Sessions that sign in with an external token, from start to end. */
import assert from "node:assert/strict";
import { defineProvider, doctor, getSession, status } from "../../mod.ts";
import { cardText } from "../support/call.ts";
import { fakeServer, json, tokenAnswer } from "../support/fake_server.ts";
import { TestFolder } from "../support/folder.ts";
import { jwt } from "../support/jwt.ts";
import { answerOf } from "../support/program.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";

/** A server that exchanges tokens, and an API that says which token it received. */
function server(refused: ReadonlySet<string> = new Set()) {
  return fakeServer(({ url, form, headers }, number) => {
    if (url.host === "login.example") {
      const sub = form.get("subject_token") ?? form.get("assertion") ??
        form.get("client_assertion");
      const now = Math.floor(Date.now() / 1000);
      const access_token = jwt({ preferred_username: `of ${sub}`, exp: now + 600, n: number });
      return tokenAnswer(number, { access_token, expires_in: 600 });
    }
    const token = headers.get("authorization") ?? "";
    return refused.has(token) ? json({}, 401) : json({ token });
  });
}

const common = {
  name: "weather",
  apiUrl: "https://api.example",
  endpoints: { token: "https://login.example/token" },
} as const;

test("a session by exchange requests its subject token each time, and is not saved", async () => {
  await using folder = await TestFolder.make();
  const file = folder.at("subject");
  await Deno.writeTextFile(file, "subject-1", { mode: 0o600 });
  const weather = defineProvider({ ...common, grant: "token_exchange", subjectToken: { file } });
  const refused = new Set<string>();
  const { fetch, arrivals } = server(refused);
  const options = { directory: folder.at("saved"), interactive: false, fetch };
  const subjects = () => arrivals.flatMap(({ form }) => form.get("subject_token") ?? []);
  const session = await getSession(weather, options);
  assert.equal(session.account, "of subject-1");
  assert.equal(session.source, file);
  assert.match(await cardText(session), /Credentials from .*subject/);
  assert.match(await cardText(session), /renews automatically/);
  await Deno.writeTextFile(file, "subject-2");
  await session.json("/x");
  assert.deepEqual(subjects(), ["subject-1"]);
  await session.refresh();
  assert.equal(session.account, "of subject-2");
  // The API refuses the token, so the file is read again.
  refused.add(`Bearer ${await session.token()}`);
  await Deno.writeTextFile(file, "subject-3");
  await session.json("/x");
  assert.deepEqual(subjects(), ["subject-1", "subject-2", "subject-3"]);
  // The next start has only the file.
  await getSession(weather, options);
  assert.equal(subjects().length, 4);
  await assert.rejects(Deno.stat(folder.at("saved")), Deno.errors.NotFound);
  const found = await status(weather, { directory: options.directory });
  assert.deepEqual([found.ok, found.systems[0]?.credentials.source], [true, file]);
  await Deno.remove(file);
  await rejects(session.refresh(), "credentials_missing", /there is no file/);
  const looked = await doctor(weather, options);
  assert.equal(looked.ok, false);
  assert.match(String(looked), /Subject token: from .*subject \(credentials_missing\)/);
});

test("subject tokens belong to their caller, and sessions do not share them", async () => {
  await using folder = await TestFolder.make();
  const weather = defineProvider({
    ...common,
    grant: "jwt_bearer",
    subjectToken: { environment: "ONECELL_TEST_NOT_SET" },
    store: "disk",
  });
  const { fetch } = server();
  const options = { directory: folder.at("saved"), interactive: false, fetch } as const;
  const of = async (name: string) =>
    (await getSession(weather, { ...options, subjectToken: () => name })).account;
  assert.deepEqual([await of("ada"), await of("bob"), await of("ada")], [
    "of ada",
    "of bob",
    "of ada",
  ]);
  await assert.rejects(Deno.stat(folder.at("saved")), Deno.errors.NotFound);
  await rejects(getSession(weather, options), "credentials_missing", /ONECELL_TEST_NOT_SET/);
});

test("a client with an external assertion works like any other: its token is saved", async () => {
  await using folder = await TestFolder.make();
  let count = 0;
  const weather = defineProvider({
    ...common,
    clientId: "app",
    clientAuthentication: "federated_jwt",
    clientAssertion: () => `assertion-${++count}`,
  });
  const { fetch, arrivals } = server();
  const options = { directory: folder.at("saved"), interactive: false, fetch };
  const session = await getSession(weather, options);
  assert.equal(session.source, "a function");
  await getSession(weather, options);
  assert.equal(count, 1, "a saved token is good");
  await session.refresh();
  assert.equal(arrivals.at(-1)?.form.get("client_assertion"), "assertion-2");
  const given = { ...options, clientAssertion: () => "mine", forceLogin: true };
  await getSession(weather, given);
  assert.equal(arrivals.at(-1)?.form.get("client_assertion"), "mine");
});

test("an option that a system does not use is refused", async () => {
  const options = { interactive: false, credentials: { client_id: "x", client_secret: "y" } };
  const subject = { ...options, subjectToken: () => "x" };
  await rejects(getSession("plantpredict", subject), "invalid_argument", /"subjectToken"/);
  const client = { ...options, clientAssertion: { file: "/run/token" } };
  await rejects(getSession("plantpredict", client), "invalid_argument", /"clientAssertion"/);
  const wrong = { ...options, token: { file: "token" } };
  await rejects(getSession("plantpredict", wrong), "invalid_argument", /"token" must be/);
});

test("a variable that moves the server receives no token of this machine", async () => {
  await using folder = await TestFolder.make();
  await Deno.writeTextFile(folder.at("subject"), "pod.identity.secret", { mode: 0o600 });
  const program = `
    const { definition, options } = data;
    try {
      const s = await auth.getSession(auth.defineProvider(definition), {
        interactive: false, ...options, fetch: async () => Response.json({ access_token: "t" }),
      });
      console.log(JSON.stringify({ code: "none", message: s.source }));
    } catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }
  `;
  const definition = {
    ...common,
    authUrl: "https://login.example",
    endpoints: { token: "/token" },
    grant: "token_exchange",
    subjectToken: { kubernetes: folder.at("subject") },
  };
  const run = (options: object) =>
    answerOf<{ code: string; message: string }>(program, {
      data: { definition, options },
      env: { HOME: folder.path, WEATHER_AUTH_URL: "https://evil.example" },
    });
  const moved = await run({});
  assert.equal(moved.code, "foreign_server", moved.message);
  assert.match(moved.message, /belong to https:\/\/login\.example.*https:\/\/evil\.example/);
  // A URL from the caller is allowed.
  assert.equal((await run({ authUrl: "https://test.example" })).code, "none");
});

test("sessions are saved separately for each person in an assertion's claims", async () => {
  await using folder = await TestFolder.make();
  const keys = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const private_key = JSON.stringify(await crypto.subtle.exportKey("jwk", keys.privateKey));
  const robot = defineProvider({
    ...common,
    grant: "jwt_bearer",
    requires: ["client_email", "private_key"],
    optional: ["subject"],
    assertionClaims: { iss: "{client_email}", sub: "{subject}" },
  });
  const { fetch, count } = server();
  const of = async (subject: string) => {
    const credentials = { client_email: "robot@example.com", private_key, subject };
    const options = { directory: folder.path, interactive: false, fetch, credentials } as const;
    return (await (await getSession(robot, options)).json<{ token: string }>("/x")).token;
  };
  const [ada, bob, again] = [await of("ada"), await of("bob"), await of("ada")];
  assert.notEqual(ada, bob);
  assert.equal(again, ada, "it was saved");
  assert.equal(count("urn:ietf:params:oauth:grant-type:jwt-bearer"), 2);
});
