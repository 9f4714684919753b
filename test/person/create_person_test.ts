import assert from "node:assert/strict";
import { terminalPerson } from "../../src/cli/terminal_person.ts";
import { AuthError } from "../../src/errors.ts";
import { createPerson } from "../../src/person/create_person.ts";
import { findKernel, type KernelGlobals } from "../../src/person/kernel.ts";
import type { CardState } from "../../src/person/person.ts";
import { fakeHost } from "../cli/fake_host.ts";
import { fakeKernel, fakeRuntime } from "../support/fakes.ts";
import { loadedModules } from "../support/imports.ts";
import { question } from "../support/person.ts";

const device = (until: number): CardState => ({
  kind: "device",
  title: "Sign in",
  url: "https://login.example/device",
  code: "WDJB-MJHT",
  until,
});
const signedIn: CardState = {
  kind: "signed_in",
  title: "Signed in",
  credentials: "Credentials saved to ~/.config/example/app_credentials",
  api: "https://api.example",
  until: 0,
  renewal: "renews automatically",
};

Deno.test("findKernel() recognizes a kernel by its display, and survives a getter that throws", () => {
  assert.equal(findKernel(), null);
  assert.equal(findKernel({}), null);
  const display = () => Promise.resolve();
  assert.equal(findKernel({ Deno: { jupyter: { display } } }), null, "no prompt");
  const throwing: KernelGlobals = {
    prompt: () => null,
    Deno: {
      get jupyter(): never {
        throw new Error("Deno.jupyter is only available in a kernel");
      },
    },
  };
  assert.equal(findKernel(throwing), null);
  const asked: unknown[] = [];
  const kernel = findKernel({
    Deno: { jupyter: { display } },
    prompt: (...all) => (asked.push(all), "x"),
  });
  assert.equal(kernel?.prompt("Password: ", true), "x");
  assert.deepEqual(asked, [["Password: ", "", { password: true }]]);
});

Deno.test("createPerson() distinguishes a notebook, a terminal and no person", () => {
  const kind = (notebook: boolean, inputIsTerminal: boolean) =>
    createPerson(fakeRuntime({ inputIsTerminal }), { kernel: notebook ? fakeKernel() : null }).kind;
  assert.deepEqual([kind(true, false), kind(true, true), kind(false, true), kind(false, false)], [
    "notebook",
    "notebook",
    "terminal",
    "nobody",
  ]);
});

Deno.test("ask() in a notebook ends the prompt with a colon and passes on the mask", async () => {
  const kernel = fakeKernel(["ada", "", null]);
  const runtime = fakeRuntime();
  const person = createPerson(runtime, { kernel });
  assert.equal(await person.ask(question("User name", false)), "ada");
  assert.equal(await person.ask(question("Password", true)), "");
  assert.equal(person.kind, "notebook");
  assert.equal(await person.ask(question("Password", true)), null);
  assert.equal(person.kind, "nobody", "a prompt that answers null has nobody behind it");
  assert.equal(await person.ask(question("Again", true)), null);
  assert.deepEqual(kernel.asked.map(([text]) => text), ["User name: ", "Password: ", "Password: "]);
  assert.equal(runtime.listeners.size, 0);
});

Deno.test("ask() at a terminal asks the runtime; null cancels the prompt", async () => {
  const runtime = fakeRuntime({ inputIsTerminal: true, answers: ["ada", null, "s3cret"] });
  const person = createPerson(runtime, { kernel: null });
  assert.equal(await person.ask(question("User name", false)), "ada");
  assert.equal(await person.ask(question("Password", true)), null);
  assert.equal(await person.ask(question("Password", true)), "s3cret");
  assert.deepEqual(runtime.written, ["User name: ", "Password: (masked)", "Password: (masked)"]);
});

Deno.test("without a person there are no prompts and no cards", async () => {
  const runtime = fakeRuntime();
  const person = createPerson(runtime, { kernel: null });
  assert.equal(await person.ask(question("Password", true)), null);
  await person.show(device(Date.now() + 1000));
  assert.equal(await person.open("https://login.example"), false);
  assert.equal(await person.interruptible(() => Promise.resolve(3)), 3);
  assert.deepEqual([runtime.written, runtime.opened], [[], []]);
});

Deno.test("open() opens a link only if there is a local browser", async () => {
  const at = async (environment: Record<string, string>) => {
    const runtime = fakeRuntime({ environment });
    const opened = await createPerson(runtime, { kernel: fakeKernel() }).open("https://a.example");
    return [opened, runtime.opened.length];
  };
  assert.deepEqual(await at({ DISPLAY: ":0" }), [true, 1]);
  assert.deepEqual(await at({}), [false, 0]);
});

Deno.test("a card is drawn once and updated in place; a final state is a new card", async () => {
  const kernel = fakeKernel();
  let time = 0;
  const person = createPerson(fakeRuntime(), { kernel, now: () => time });
  const starting: CardState = { kind: "starting", title: "Sign in", step: "Looking." };
  await person.show(starting);
  await person.show(starting);
  assert.deepEqual(kernel.shown.map(({ update }) => update), [false]);
  await person.show(device(95_000));
  assert.match(kernel.shown.at(-1)!.html, /data:image\/svg\+xml;base64,/);
  time = 1000;
  await person.show(signedIn);
  const first = kernel.shown[0]!.id;
  assert.ok(kernel.shown.every(({ id }) => id === first));
  assert.ok(kernel.shown.slice(1).every(({ update }) => update));
  await person.show(starting);
  assert.notEqual(kernel.shown.at(-1)!.id, first);
  assert.equal(kernel.shown.at(-1)!.update, false);
});

Deno.test("interruptible() does not redraw the card while it waits, and removes the code afterwards", async () => {
  const kernel = fakeKernel();
  let time = 0;
  const runtime = fakeRuntime();
  const person = createPerson(runtime, { kernel, now: () => time });
  await person.show(device(600_000));
  const drawn = kernel.shown.length;
  const result = await person.interruptible(async () => {
    time = 400_000;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    return "token";
  });
  assert.equal(result, "token");
  assert.equal(kernel.shown.length, drawn + 1, "a card that is drawn again loses a selection");
  assert.ok(!kernel.shown.at(-1)!.text.includes("WDJB"));
  assert.equal(runtime.listeners.size, 0);
});

Deno.test("the card says how to cancel while a prompt is open", async () => {
  const kernel = fakeKernel(["ada"]);
  const prompt = kernel.prompt;
  let during = "";
  kernel.prompt = (...all) => {
    during = kernel.shown.at(-1)?.text ?? "";
    return prompt(...all);
  };
  const person = createPerson(fakeRuntime(), { kernel });
  await person.show({ kind: "starting", title: "Sign in", step: "Enter your username." });
  assert.equal(await person.ask(question("Username", false)), "ada");
  assert.match(during, /To cancel, leave the box empty/);
  assert.doesNotMatch(kernel.shown.at(-1)!.text, /To cancel/);
});

Deno.test("a failed sign-in closes its card and opens no other; a terminal shows only the error", async () => {
  const failed: CardState = { kind: "failed", title: "Not signed in", message: "It was declined." };
  const kernel = fakeKernel([null]);
  const person = createPerson(fakeRuntime(), { kernel });
  await person.show(failed);
  assert.equal(kernel.shown.length, 0);
  await person.show({ kind: "starting", title: "Sign in", step: "Enter your username." });
  assert.equal(await person.ask(question("Username", false)), null);
  await person.show(failed);
  assert.match(kernel.shown.at(-1)!.text, /^✗ Not signed in\n {2}It was declined\.$/);
  const runtime = fakeRuntime({ inputIsTerminal: true });
  const script = createPerson(runtime, { kernel: null });
  await script.show({ kind: "starting", title: "Sign in", step: "Enter your username." });
  await script.show(failed);
  assert.doesNotMatch(runtime.written.join(""), /declined/);
});

Deno.test("interruptible() shows why a wait ended, but no error from other code", async () => {
  const kernel = fakeKernel();
  const person = createPerson(fakeRuntime(), { kernel });
  const refused = new AuthError("grant_refused", "The sign-in was declined. Run the cell again.");
  for (
    const [error, shown] of [
      [refused, /declined\. Run the cell again/],
      [new TypeError("failed: https://login.example/?code=s3cret"), /The sign-in failed\./],
    ] as const
  ) {
    await person.show(device(Date.now() + 60_000));
    await assert.rejects(person.interruptible(() => Promise.reject(error)), error);
    assert.match(kernel.shown.at(-1)!.text, shown);
    assert.ok(!/WDJB|s3cret/.test(kernel.shown.at(-1)!.text));
  }
});

Deno.test("the stop button aborts the wait, even one that ignores its signal", async () => {
  for (const kernel of [fakeKernel(), null]) {
    const runtime = fakeRuntime({ inputIsTerminal: true });
    const person = createPerson(runtime, { kernel });
    let aborted = false;
    const wait = person.interruptible((signal) => {
      signal.addEventListener("abort", () => aborted = true);
      return new Promise(() => {});
    });
    await Promise.resolve();
    for (const listener of runtime.listeners) listener();
    await assert.rejects(
      wait,
      (error) =>
        error instanceof AuthError && error.code === "cancelled" &&
        error.message.includes("Run the cell again") === (kernel !== null),
    );
    assert.deepEqual([aborted, runtime.listeners.size], [true, 0]);
  }
});

Deno.test("a wait works in a runtime without a stop button", async () => {
  const runtime = fakeRuntime();
  runtime.onInterrupt = () => {
    throw new Error("signals are not available here");
  };
  const person = createPerson(runtime, { kernel: null });
  assert.equal(await person.interruptible(() => Promise.resolve(1)), 1);
  await assert.rejects(
    person.interruptible(() => {
      throw new Error("at once");
    }),
    /at once/,
  );
});

Deno.test("a display that fails does not end the wait", async () => {
  const kernel = fakeKernel();
  let time = 0;
  const person = createPerson(fakeRuntime(), { kernel, now: () => time });
  await person.show(device(600_000));
  kernel.display = () => Promise.reject(new Error("the frontend has gone"));
  const result = await person.interruptible(async () => {
    time = 300_000;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    return 5;
  });
  assert.equal(result, 5);
});

Deno.test("a terminal shows the text, and a waiting line only if its output is a terminal", async () => {
  for (const errorIsTerminal of [true, false]) {
    const runtime = fakeRuntime({ inputIsTerminal: true, errorIsTerminal });
    const person = createPerson(runtime, { kernel: null, now: () => 0 });
    await person.show(device(600_000));
    await person.interruptible(() => new Promise((resolve) => setTimeout(resolve, 1100)));
    await person.show(signedIn);
    const all = runtime.written.join("");
    assert.match(all, /1\. Open https:\/\/login\.example\/device/);
    assert.match(all, /✓ Signed in/);
    assert.equal(all.includes("Waiting for you to sign in"), errorIsTerminal);
    assert.equal(all.includes("\u001b"), errorIsTerminal);
  }
});

Deno.test("a link's advice fits its context: a notebook, a script, the command", async () => {
  const url = "https://a.example/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%3A43117%2Fcallback";
  const link: CardState = { kind: "link", title: "Sign in", url, note: "", until: 600_000 };
  const now = () => 0;
  const kernel = fakeKernel();
  await createPerson(fakeRuntime(), { kernel, now }).show(link);
  assert.match(kernel.shown.at(-1)!.text, /runs this notebook\..* and pass method: "paste"\./s);
  const runtime = fakeRuntime({ inputIsTerminal: true });
  await createPerson(runtime, { kernel: null, now }).show(link);
  assert.match(runtime.written.at(-1)!, /runs this\..* and pass method: "paste"\./s);
  const command = fakeHost({ inputIsTerminal: true });
  const { signal } = new AbortController();
  await terminalPerson({ host: command, interrupt() {}, signal }, {}).show(link);
  assert.match(command.runtime.written.at(-1)!, /runs this\..* onecell login --method paste\./s);
});

Deno.test("the library that draws QR codes loads only when a QR code is drawn", async () => {
  const drawing = async (state: string) => {
    const loaded = await loadedModules(`
      import { createPerson } from "./src/person/create_person.ts";
      const kernel = { prompt: () => null, display: () => Promise.resolve() };
      const person = createPerson({} as never, { kernel });
      const url = "https://login.example";
      await person.show(${state});`);
    assert(loaded.some((one) => one.endsWith("/create_person.ts")), "the log was not read");
    return loaded.some((one) => one.includes("/uqr/"));
  };
  assert.equal(await drawing(`{ kind: "starting", title: "", step: "" }`), false);
  const device = `{ kind: "device", title: "", url, code: "A", until: Date.now() + 1000 }`;
  assert.equal(await drawing(device), true);
});
