import assert from "node:assert/strict";
import { doctor, getSession, loadCredentials, status } from "../../mod.ts";
import * as lazy from "../../src/lazy.ts";
import { switchAccount } from "../../src/manage/switch_account.ts";
import { accountInUse, openProfile, profileOf } from "../../src/profile/profile.ts";
import { accountFile } from "../../src/store/credentials_file.ts";
import { listAccounts } from "../../src/profile/list_sessions.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { connectionOf, shownOf } from "../../src/session.ts";
import { renderCard } from "../../src/person/card.ts";
import { signedInCard } from "../../src/renewal/session_card.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { createWorld, type World } from "../support/world.ts";

/** A world whose system has app credentials for the default account and for "work". */
async function twoAccounts(): Promise<World & { client: { id: string; work: string } }> {
  const world = await createWorld("plantpredict");
  const { directory, credentials, sandbox } = world;
  const other = sandbox.client("plantpredict");
  const save = (name: string, values: Record<string, string>) =>
    Deno.writeTextFile(`${directory}/${name}`, JSON.stringify(values), { mode: 0o600 });
  const server = new URL(world.options.authUrl ?? "").origin;
  await save("app_credentials", { ...credentials, onecell_server: server });
  await save("app_credentials.work", { ...credentials, onecell_server: server });
  return Object.assign(world, { client: { id: other.clientId, work: other.clientId } });
}

const profileIn = async ({ options: { interactive: _, ...options } }: World, account?: string) =>
  await openProfile(
    "plantpredict",
    { ...options, ...(account === undefined ? {} : { account }) },
    "test",
    "location",
    lazy,
  );

test("the chosen account is used, after the option and the variables", async () => {
  await using world = await twoAccounts();
  const { options, directory } = world;
  const sources = async (more: Record<string, unknown> = {}) =>
    (await getSession("plantpredict", { ...options, ...more })).source;
  assert.equal(await sources(), `${directory}/app_credentials`);
  assert.deepEqual(await switchAccount(await profileIn(world, "Work")), ["default", "work"]);
  assert.equal(await sources(), `${directory}/app_credentials.work`);
  assert.equal(await sources({ account: "default" }), `${directory}/app_credentials`);
  assert.equal(
    (await loadCredentials("plantpredict", { ...await place(world), export: false })).path,
    `${directory}/app_credentials.work`,
  );

  // Credentials from the caller belong to no saved account.
  const session = await getSession("plantpredict", { ...options, credentials: world.credentials });
  assert.equal(connectionOf(session).profile.account, undefined);

  await switchAccount(await profileIn(world, "default"));
  assert.equal(await sources(), `${directory}/app_credentials`);
  await rejects(
    switchAccount(await profileIn(world, "wrok")),
    "credentials_missing",
    /no account "wrok".*Saved: default, work\..*onecell login plantpredict --account wrok/,
  );
});

const place = (world: World) => {
  const { interactive: _, ...options } = world.options;
  return Promise.resolve(options);
};

test("a variable comes before the chosen account, and the result says what chose it", async () => {
  await using world = await twoAccounts();
  await switchAccount(await profileIn(world, "work"));
  const runtime = await currentRuntime();
  const { provider } = await profileIn(world);
  const chosen = (environment: Record<string, string>, account?: string) => {
    const options = { directory: world.directory, ...(account === undefined ? {} : { account }) };
    const played = { ...runtime, getEnvironment: (name: string) => environment[name] };
    return accountInUse(profileOf(provider, options, played, lazy.storeDrivers));
  };
  assert.deepEqual(chosen({}), { name: "work", from: "onecell switch" });
  assert.deepEqual(chosen({ ONECELL_ACCOUNT: "a" }), { name: "a", from: "ONECELL_ACCOUNT" });
  assert.deepEqual(chosen({ ONECELL_ACCOUNT: "a", PLANTPREDICT_ACCOUNT: "DEFAULT" }), {
    name: "default",
    from: "PLANTPREDICT_ACCOUNT",
  });
  assert.deepEqual(chosen({ ONECELL_ACCOUNT: "a" }, "b"), {
    name: "b",
    from: "the option account",
  });
});

test("card, status and doctor say which account is used and what chose it", async () => {
  await using world = await twoAccounts();
  const { options } = world;
  await getSession("plantpredict", options);
  await switchAccount(await profileIn(world, "work"));
  const [before] = (await status("plantpredict", await place(world))).systems;
  // The default account's session does not count for this one, but its credentials need no prompt.
  assert.deepEqual([before?.ready, before?.sessions[0]?.savedAs], [true, undefined]);
  const session = await getSession("plantpredict", options);
  assert.equal(session.account, "work");
  const card = signedInCard(shownOf(connectionOf(session), session));
  assert.equal("account" in card && card.account, "Account work (chosen by onecell switch)");
  const { html, text: shown } = renderCard(card, Date.now());
  for (const part of [html, shown]) {
    assert.match(part, /Account work \(chosen by onecell switch\)\./);
  }
  const report = await status("plantpredict", await place(world));
  const [system] = report.systems;
  assert.deepEqual(system?.account, { name: "work", from: "onecell switch" });
  assert.deepEqual(system?.accounts, ["default", "work"]);
  assert.deepEqual(
    system?.sessions.map(({ savedAs }) => savedAs ?? null).sort(),
    [null, "work"].sort(),
  );
  const text = String(report);
  assert.match(text, /Account: work \(chosen by onecell switch\)\n {2}Other accounts: default/);
  const examined = await doctor("plantpredict", options);
  assert.match(String(examined), /Account name: work \(chosen by onecell switch\)/);
  assert.match(
    String(await doctor("plantpredict", { ...options, account: "default" })),
    /by the option account/,
  );
});

test("an error about missing credentials lists the known accounts", async () => {
  await using world = await twoAccounts();
  const { options } = world;
  const wanting =
    /account "wrok" \(named by the option account\); saved for PlantPredict: default, work\. .*onecell switch plantpredict ACCOUNT/;
  await rejects(
    getSession("plantpredict", { ...options, account: "wrok" }),
    "credentials_missing",
    wanting,
  );
  await rejects(
    loadCredentials("plantpredict", { ...await place(world), account: "wrok" }),
    "credentials_missing",
    wanting,
  );
  await switchAccount(await profileIn(world, "work"));
  await Deno.remove(`${world.directory}/app_credentials.work`);
  await rejects(
    getSession("plantpredict", options),
    "credentials_missing",
    /account "work" \(named by onecell switch\).*: default\./,
  );
});

test("listAccounts() distinguishes accounts from backups and from files for other servers", async () => {
  await using world = await twoAccounts();
  const { directory } = world;
  const other = JSON.stringify({
    client_id: "a",
    client_secret: "b",
    onecell_server: "https://x.example",
  });
  for (
    const name of [
      "app_credentials.backup-1",
      "app_credentials.damaged-2026",
      "app_credentials.x.example",
      "app_credentials.ada@example.com",
      "app_credentials.night.x.example",
    ]
  ) await Deno.writeTextFile(`${directory}/${name}`, other);
  assert.deepEqual(await listAccounts(await profileIn(world)), [
    "default",
    "ada@example.com",
    "night",
    "work",
  ]);
});

test("an invalid choice is named in the error, and never used", () =>
  eachRow<{ name: string; spoil: (path: string) => Promise<void>; says: RegExp }>([
    {
      name: "a path",
      spoil: (path) => Deno.writeTextFile(path, "../../x"),
      says: /account's name/,
    },
    {
      name: "a link",
      spoil: (path) => Deno.symlink("/etc/passwd", path),
      says: /does not say which account is in use/,
    },
    {
      name: "a folder",
      spoil: (path) => Deno.mkdir(path),
      says: /does not say which account is in use/,
    },
    {
      name: "a long text",
      spoil: (path) => Deno.writeTextFile(path, "x".repeat(2000)),
      says: /does not say which account is in use/,
    },
  ], async ({ spoil, says }) => {
    await using world = await createWorld("plantpredict");
    const { options, directory } = world;
    const path = accountFile(await currentRuntime(), directory);
    await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
    await spoil(path);
    await rejects(getSession("plantpredict", options), "invalid_argument", says);
  }));
