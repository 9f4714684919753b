import assert from "node:assert/strict";
import { findPython, runNotebook, textOf } from "./run_notebook.ts";

const ignore = await findPython() === null;
const source = (path: string) =>
  JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href);

/** The beginning of every notebook here. */
const setUp = `
import { createPerson } from ${source("person/create_person.ts")};
import { currentRuntime } from ${source("runtime/current.ts")};
const runtime = await currentRuntime();
const person = createPerson(runtime);
const ask = (text, secret) =>
  person.ask({ field: text.toLowerCase(), text, secret, host: "auth.example.com" });
let kept = 7;`;

const device = (seconds: number) => `
await person.show({
  kind: "device", title: "Sign in to Example", code: "WDJB-MJHT",
  url: "https://login.example/device", completeUrl: "https://login.example/device?user_code=WDJB-MJHT",
  until: Date.now() + ${seconds * 1000},
});`;

const signedIn = `
await person.show({
  kind: "signed_in", title: "Signed in to Example as ada", credentials: "Credentials saved",
  api: "https://api.example", until: Date.now() + 3600_000, renewal: "renews automatically",
});`;

Deno.test({
  name: "a notebook imports the package by its name, published or not",
  ignore,
  async fn() {
    const { cells } = await runNotebook({
      cells: [
        `import { AuthError } from "@onecell/auth"; AuthError.name`,
        `const published = await import("jsr:@onecell/auth"); published.AuthError === AuthError`,
      ],
    });
    assert.deepEqual(cells.map((cell) => textOf(cell.outputs)), [`"AuthError"`, "true"]);
  },
});

Deno.test({
  name: "ask() shows a prompt, and masks a secret",
  ignore,
  async fn() {
    const { cells, prompts, notebook } = await runNotebook({
      cells: [
        setUp,
        `const user = await ask("Username", false);
         const password = await ask("Password", true);
         [person.kind, user, password.length, await ask("Account", false)]`,
      ],
      answers: ["ada", "hunter2-hunter2", ""],
    });
    assert.deepEqual(prompts, [
      { cell: 1, prompt: "Username: ", password: false },
      { cell: 1, prompt: "Password: ", password: true },
      { cell: 1, prompt: "Account: ", password: false },
    ]);
    assert.equal(textOf(cells[1]!.outputs), `[ "notebook", "ada", 15, "" ]`);
    assert.ok(!JSON.stringify(notebook).includes("hunter2"));
  },
});

Deno.test({
  name: "ask() without a person returns null in under a second",
  ignore,
  async fn() {
    const { cells } = await runNotebook({
      cells: [setUp, `[await ask("Password", true), person.kind]`],
      allowStdin: false,
    });
    assert.equal(textOf(cells[1]!.outputs), `[ null, "nobody" ]`);
    assert.ok(cells[1]!.seconds < 1, `${cells[1]!.seconds} s`);
  },
});

Deno.test({
  name: "show() updates one card in place, and only its last state is saved",
  ignore,
  async fn() {
    const { cells, displays, notebook } = await runNotebook({
      cells: [
        setUp,
        `await person.show({ kind: "starting", title: "Sign in to Example", step: "Looking around." });
         ${device(60)}
         await person.interruptible(() => new Promise((done) => setTimeout(done, 1200)));
         ${signedIn}`,
        device(60) + signedIn,
      ],
    });
    const first = displays.filter((display) => display.cell === 1);
    assert.deepEqual(first.map((display) => display.update), [
      false, // starting
      true, // device code
      true, // with its QR code
      true, // the wait has ended
      true, // signed in
    ]);
    assert.equal(new Set(first.map((display) => display.id)).size, 1);
    assert.match(first[1]!.data["text/plain"]!, /WDJB-MJHT/);
    assert.match(first[2]!.data["text/html"]!, /data:image\/svg\+xml;base64,/);

    assert.equal(cells[1]!.outputs.length, 1);
    assert.match(textOf(cells[1]!.outputs), /Signed in to Example[^]*ada/);
    assert.notEqual(displays.at(-1)!.id, first[0]!.id, "a later sign-in has a card of its own");
    const saved = JSON.stringify(notebook.cells.map((cell) => cell.outputs));
    assert.ok(!/WDJB|user_code|base64/.test(saved), saved);
  },
});

Deno.test({
  name: "the stop button ends a wait, keeps the kernel and its variables, and leaves no listener",
  ignore,
  async fn() {
    const { cells, kernelAlive } = await runNotebook({
      cells: [
        setUp,
        `let signalled = false;
         ${device(900)}
         await person.interruptible(async (signal) => {
           signal.addEventListener("abort", () => { signalled = true; });
           await new Promise(() => {});
         });`,
        `[kept, signalled]`,
        // A leftover timer would draw again, and a leftover listener would survive the next stop.
        `const before = Date.now(); await new Promise((done) => setTimeout(done, 1200)); kept`,
      ],
      interruptAt: { cell: 1, seconds: 1 },
    });
    assert.equal(kernelAlive, true);
    assert.equal(cells[1]!.status, "error");
    assert.ok(cells[1]!.seconds < 2.5, `${cells[1]!.seconds} s`);
    const [card, error] = cells[1]!.outputs;
    assert.ok(!JSON.stringify(card).includes("WDJB"), "the code is off the card");
    assert.equal(error?.ename, "AuthError");
    assert.match(error?.evalue ?? "", /cancelled\. Run the cell again/);
    assert.equal(textOf(cells[2]!.outputs), "[ 7, true ]");
    assert.equal(textOf(cells[3]!.outputs), "7");
  },
});

Deno.test({
  name: "after a wait, the stop button works as before",
  ignore,
  async fn() {
    const { cells, kernelAlive } = await runNotebook({
      cells: [
        setUp,
        `await person.interruptible(() => Promise.resolve(1));
         await person.interruptible(() => Promise.reject(new Error("no"))).catch(() => {});
         // A promise that nothing refers to may be collected, and then the cell ends.
         globalThis.never = new Promise(() => {});
         await globalThis.never;`,
      ],
      interruptAt: { cell: 1, seconds: 1 },
    });
    assert.equal(cells[1]!.status, "kernel_died", "no listener is left to keep it");
    assert.equal(kernelAlive, false);
  },
});

Deno.test({
  name: "the stop button during a prompt ends the cell after the answer, not the kernel",
  ignore,
  async fn() {
    const { cells, kernelAlive } = await runNotebook({
      cells: [setUp, `await ask("Password", true)`, "kept"],
      answers: [{ interrupt: true, after: 0.2, answer: "" }],
    });
    assert.equal(cells[1]!.outputs[0]?.ename, "AuthError");
    assert.equal(textOf(cells[2]!.outputs), "7");
    assert.equal(kernelAlive, true);
  },
});

Deno.test({
  name: "an error in a cell says what to do next, on few lines and without paths of this module",
  ignore,
  async fn() {
    const { cells } = await runNotebook({
      cells: [
        `import { AuthError } from "@onecell/auth";
         throw new AuthError("credentials_missing", "Nothing to sign in with. Set EXAMPLE_CLIENT_ID.", {
           cause: new Error("hidden"),
         });`,
      ],
    });
    const [error] = cells[0]!.outputs;
    assert.equal(error?.ename, "AuthError");
    assert.match(error?.evalue ?? "", /Set EXAMPLE_CLIENT_ID\.$/);
    assert.ok(error!.traceback!.join("\n").split("\n").length <= 4, textOf(cells[0]!.outputs));
  },
});
