import assert from "node:assert/strict";
import { type Sandbox, startSandbox } from "../../../examples/sandbox/mod.ts";
import { assertNoSecret, secretsOf, textsOf } from "../notebook/examples/secrets.ts";
import { pathOf } from "../notebook/examples/run_example.ts";
import type { Notebook } from "../notebook/run_notebook.ts";
import { test } from "../../support/tests.ts";
import { findPrograms } from "./find_chromium.ts";
import { openBrowser, type Person, takesImages } from "./open_browser.ts";
import { type Frontend, FRONTENDS, type Lab, startLab } from "./start_lab.ts";

const programs = await findPrograms();
const browserTest = programs === null ? Deno.test.ignore : test;

/** The objects that every step uses. */
interface World {
  sandbox: Sandbox;
  lab: Lab;
  person: Person;
}

for (const frontend of Object.keys(FRONTENDS) as Frontend[]) {
  browserTest(`${frontend}, as a person sees it`, (context) => visit(frontend, context), 600_000);
}

async function visit(frontend: Frontend, context: Deno.TestContext): Promise<void> {
  const { chromium, python } = programs ?? { chromium: "", python: "" };
  // Pictures for the documents show the sandbox at the address that the notebooks show.
  const port = takesImages ? 9400 : 0;
  await using sandbox = await startSandbox({ systems: ["spatiafi", "oidc"], port });
  await using lab = await startLab(frontend, python, sandbox.environment);
  await using person = await openBrowser(chromium, frontend);
  const world = { sandbox, lab, person };
  for (const name of ["quickstart", "spatiafi", "define_provider"]) {
    await lab.write(name, await example(name));
  }

  await context.step("a prompt says how to cancel, and the kernel lives", () => cancel(world));
  await context.step(
    "the quickstart prompts in a masked box and saves no secret",
    () => ask(world),
  );
  await context.step("reopened untrusted, the card is still a card", () => reopen(world));
  await context.step("another notebook does not prompt", () => askNothing(world));
  await context.step("a session is shown once in a cell", () => showOnce(world));
  await context.step("the stop button ends a job, not the kernel", () => stopJob(world));
  await context.step("a device is approved in a second tab", () => approveDevice(world));
  await context.step("the stop button ends the wait, not the kernel", () => stop(world));
  await context.step(
    "a link that is signed in at in a second tab returns to this machine",
    () => link(world),
  );
}

async function cancel({ lab, person }: World): Promise<void> {
  const get = `import { getSession } from "jsr:@onecell/auth";
let kept = 7;
const session = await getSession("spatiafi");`;
  await lab.write("cancel", notebookOf(get, "`still here, kept ${kept}`"));
  await using visit = await person.open(lab.address("cancel"));
  const { notebook, album } = visit;
  await notebook.run(0);
  const { box } = await notebook.question(0, "SpatiaFi username");
  assert.match(await notebook.output(0), /To cancel, leave the box empty and press Enter/);
  await album.pictures(notebook, "asking", notebook.cell(0));
  // A prompt blocks the kernel, so the button takes effect after the answer.
  await notebook.stop();
  await notebook.page.waitForTimeout(500);
  await box.press("Enter");
  const ended = await notebook.ended(0);
  assert.match(ended, /✗ Not signed in to SpatiaFi/);
  assert.match(ended, /AuthError \[(aborted|cancelled)\]/);
  await album.pictures(notebook, "cancelled", notebook.cell(0));
  await notebook.run(1);
  assert.match(await notebook.ended(1), /still here, kept 7/);
}

async function showOnce({ lab, person }: World): Promise<void> {
  const get = `import { getSession } from "jsr:@onecell/auth";
const session = await getSession("spatiafi");`;
  await lab.write("once", notebookOf(`${get}\nsession`, "console.table([session])"));
  await using visit = await person.open(lab.address("once"));
  const { notebook, album } = visit;
  for (const index of [0, 1]) await notebook.run(index);
  assert.match(await notebook.ended(1), /provider[^]*account[^]*spatiafi/);
  assert.match(await notebook.output(0), /^✓ SpatiaFi: signed in[^]*✓ Signed in to SpatiaFi/);
  assert.equal(await notebook.cards(0), 1);
  await album.pictures(notebook, "once", notebook.cell(0));
}

async function stopJob({ lab, person }: World): Promise<void> {
  const get = `import { getSession } from "jsr:@onecell/auth";
let kept = 7;
const session = await getSession("spatiafi");`;
  const job =
    `await session.map(Array.from({ length: 100 }, (_, i) => i), async (_item, _index, s) => {
  await (await s.fetch("/api/slow?ms=400")).text();
}, { concurrency: 2, progress: "Slow requests" });`;
  await lab.write("job", notebookOf(get, job, "`still here, kept ${kept}`"));
  await using visit = await person.open(lab.address("job"));
  const { notebook, album } = visit;
  for (const index of [0, 1]) await notebook.run(index);
  await notebook.cell(1).getByText(/[1-9]\d* of 100/).waitFor();
  await album.pictures(notebook, "progress", notebook.cell(1));
  await album.images(notebook, "progress", [notebook.cell(1), notebook.cell(1)]);
  await notebook.stop();
  assert.match(await notebook.ended(1), /AuthError \[(aborted|cancelled)\]/);
  await notebook.run(2);
  assert.match(await notebook.ended(2), /still here, kept 7/);
  await album.pictures(notebook, "job_stopped", notebook.cell(1));
}

async function ask({ lab, person, sandbox }: World): Promise<void> {
  await using visit = await person.open(lab.address("quickstart"));
  const { notebook, album } = visit;
  const { username, password } = sandbox.users[0] ?? { username: "", password: "" };
  await notebook.run(0);
  const { host } = new URL(sandbox.environment["SPATIAFI_AUTH_URL"] ?? "");
  const first = await notebook.question(0, `SpatiaFi username (for ${host}):`);
  assert.equal(first.masked, false);
  await first.box.fill(username);
  await first.box.press("Enter");
  const second = await notebook.question(0, `SpatiaFi password (for ${host}):`);
  assert.equal(second.masked, true);
  await second.box.fill(password);
  await album.picture(notebook.page, "password");
  await album.images(notebook, "first_sign_in", [notebook.cell(0), notebook.cell(0)]);
  await second.box.press("Enter");
  assert.match(await notebook.ended(0), /✓ Signed in to SpatiaFi/);

  for (const index of [1, 2, 3, 4]) await notebook.run(index);
  assert.match(await notebook.ended(2), /✓ Signed in to SpatiaFi/);
  assert.match(await notebook.ended(4), /quickstart\.ipynb: clean/);
  await album.pictures(notebook, "quickstart", notebook.cell(0));
  assert.equal(await notebook.trusted(), true);

  await notebook.save();
  const saved = await lab.read("quickstart");
  const text = textsOf(saved);
  assertNoSecret(text, await secretsOf(sandbox, lab.home), "the saved notebook");
  assert(text.includes(username), "what is typed without a mask is saved by JupyterLab");
}

async function reopen({ lab, person }: World): Promise<void> {
  const saved = await lab.read("quickstart");
  // Another user's notebook, without the signature it had when it was saved.
  await lab.write("quickstart_untrusted", {
    ...saved,
    metadata: { ...saved.metadata, from: "ada" },
  });
  await using visit = await person.open(lab.address("quickstart_untrusted"));
  const { notebook, album } = visit;
  assert.equal(await notebook.trusted(), false);
  assert.match(
    await notebook.card(0).innerText(),
    /✓ Signed in to SpatiaFi[^]*Access token expires /,
  );
  assert(await notebook.framed(0), "the card has lost its frame");
  await album.pictures(notebook, "untrusted", notebook.card(0));
}

async function askNothing({ lab, person }: World): Promise<void> {
  await using visit = await person.open(lab.address("spatiafi"));
  const { notebook, album } = visit;
  await notebook.run(0);
  assert.match(await notebook.ended(0), /^✓ SpatiaFi: signed in/, "one line, nothing asked");
  await album.pictures(notebook, "greeting", notebook.cell(0));
  for (const index of [1, 2, 3, 4, 5]) await notebook.run(index);
  assert.match(await notebook.ended(5), /✓ SpatiaFi: no problems found/);
  await album.pictures(notebook, "doctor", notebook.card(5));
}

async function approveDevice({ lab, person, sandbox }: World): Promise<void> {
  await using visit = await person.open(lab.address("define_provider"));
  const { notebook, album } = visit;
  for (const index of [0, 1]) await notebook.run(index);
  const card = notebook.card(1);
  const qr = card.locator("img");
  await qr.waitFor();
  const width = await qr.evaluate((image) =>
    (image as unknown as { naturalWidth: number }).naturalWidth
  );
  assert(width > 0, "the QR code is a picture");
  const code = await card.locator("code").innerText();
  await album.pictures(notebook, "device", card);

  await album.images(notebook, "device", [notebook.cell(1), card]);
  const tab = await visit.secondTab(() => card.getByRole("link").click());
  await tab.getByText(code).waitFor();
  await album.picture(tab, "device_page");
  await tab.getByRole("button", { name: "Continue" }).click();
  await tab.getByLabel("Username").fill(sandbox.users[0]?.username ?? "");
  await tab.getByLabel("Password").fill(sandbox.users[0]?.password ?? "");
  await tab.getByRole("button", { name: "Sign in" }).click();
  await tab.getByRole("button", { name: "Approve" }).click();
  await tab.getByText("Go back to your device").waitFor();

  assert.match(await notebook.ended(1), /✓ Signed in to City Library/);
  for (const index of [2, 3, 4]) await notebook.run(index);
  await notebook.ended(4);
  await album.pictures(notebook, "device_approved", notebook.card(1));
  await notebook.save();
  const outputs = textsOf((await lab.read("define_provider")).cells.map(({ outputs }) => outputs));
  assert(!outputs.includes(code), "the code is in the saved notebook");
  assert.doesNotMatch(outputs, /user_code|data:image/);
}

async function stop({ lab, person }: World): Promise<void> {
  await lab.write("stop", notebookOf(define("device_code"), signIn, "'still here'"));
  await using visit = await person.open(lab.address("stop"));
  const { notebook, album } = visit;
  for (const index of [0, 1]) await notebook.run(index);
  const card = notebook.card(1);
  await card.locator("img").waitFor();
  const code = await card.locator("code").innerText();
  await notebook.stop();
  assert.match(await notebook.ended(1), /AuthError \[(aborted|cancelled)\]/);
  await notebook.run(2);
  assert.match(await notebook.ended(2), /still here/);
  await album.pictures(notebook, "stopped", card);
  await notebook.save();
  assert(!textsOf(await lab.read("stop")).includes(code), "the code is in the saved notebook");
}

async function link({ lab, person, sandbox }: World): Promise<void> {
  // With a display, there is a browser that reaches this machine.
  const first = `Deno.env.set("DISPLAY", ":0");\n${define("authorization_code")}`;
  await lab.write("link", notebookOf(first, signIn, "session"));
  await using visit = await person.open(lab.address("link"));
  const { notebook, album } = visit;
  for (const index of [0, 1]) await notebook.run(index);
  const button = notebook.card(1).getByRole("link").first();
  await button.waitFor();
  await notebook.card(1).locator("summary").click();
  await album.pictures(notebook, "link", notebook.card(1));

  const tab = await visit.secondTab(() => button.click());
  await album.picture(tab, "sign_in_page");
  await tab.getByLabel("Username").fill(sandbox.users[0]?.username ?? "");
  await tab.getByLabel("Password").fill(sandbox.users[0]?.password ?? "");
  await tab.getByRole("button", { name: "Sign in" }).click();
  await tab.getByRole("button", { name: "Approve" }).click();
  await tab.getByText("You can close this tab").waitFor();
  assert.equal(new URL(tab.url()).hostname, "127.0.0.1");
  await album.picture(tab, "answer_page_light");
  await tab.emulateMedia({ colorScheme: "dark" });
  await album.picture(tab, "answer_page_dark");

  assert.match(await notebook.ended(1), /✓ Signed in to City Library/);
  await notebook.run(2);
  assert.match(await notebook.ended(2), /✓ Signed in to City Library/);
  await album.pictures(notebook, "link_followed", notebook.card(1));
  await notebook.save();
  const outputs = textsOf((await lab.read("link")).cells.map(({ outputs }) => outputs));
  assert.doesNotMatch(outputs, /state=|code_challenge|callback|code=/);
}

const define = (grant: string) =>
  `import { defineProvider, getSession } from "jsr:@onecell/auth";

const library = defineProvider({
  name: "city-library",
  title: "City Library",
  issuer: Deno.env.get("OIDC_ISSUER"),
  apiUrl: Deno.env.get("OIDC_API_URL"),
  grant: "${grant}",
  scope: "openid",
});`;

const signIn = `const session = await getSession(library, {
  credentials: { client_id: "notebook" },
  forceLogin: true,
});`;

async function example(name: string): Promise<Notebook> {
  return JSON.parse(await Deno.readTextFile(pathOf(name)));
}

function notebookOf(...sources: string[]): Notebook {
  return {
    cells: sources.map((source, index) => ({
      cell_type: "code",
      source,
      id: `cell-${index}`,
      metadata: {},
      outputs: [],
      execution_count: null,
    })),
    metadata: { kernelspec: { name: "deno", display_name: "Deno", language: "typescript" } },
    nbformat: 4,
    nbformat_minor: 5,
  };
}
