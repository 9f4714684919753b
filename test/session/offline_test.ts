/** A first use without a network. If a package is missing, the error says what to do. */
import assert from "node:assert/strict";
import { TestFolder } from "../support/folder.ts";
import { answerOf } from "../support/program.ts";
import { eachRow, test } from "../support/tests.ts";

const OIDC =
  `auth.defineProvider({ name: "offline", issuer: "https://127.0.0.1:9", apiUrl: "https://127.0.0.1:9" })`;
const IDS = `{ client_id: "id", client_secret: "secret-secret" }`;
const QUIET = `{ interactive: false, directory: data.directory }`;

test("people.md: the error for a package that cannot be downloaded names it and says what to do", () =>
  eachRow([
    {
      name: "a script",
      wait: `auth.getSession("plantpredict", { ...${QUIET}, credentials: ${IDS} })`,
    },
    {
      name: "a notebook",
      wait: `auth.getSession("plantpredict", { ...${QUIET}, credentials: ${IDS} })`,
      notebook: true,
    },
    {
      name: "a system with an issuer",
      wait: `auth.getSession(${OIDC}, { ...${QUIET}, credentials: ${IDS} })`,
    },
    {
      name: "a shared store",
      wait:
        `auth.getSession("plantpredict", { ...${QUIET}, credentials: ${IDS}, store: "redis://127.0.0.1:9" })`,
    },
  ], async ({ wait, notebook = false }) => {
    await using folder = await TestFolder.make();
    const { name, code, message } = await answerOf<Record<string, string>>(
      `if (${notebook}) {
         const { currentRuntime } = await import(${JSON.stringify(RUNTIME)});
         Object.assign(await currentRuntime(), { inNotebook: () => true, onInterrupt: () => () => {} });
       }
       const error = await ${wait}.catch((error) => error);
       console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message }));`,
      {
        data: { directory: folder.at("config") },
        env: {
          HOME: folder.path,
          DENO_DIR: folder.at("cache"),
          NPM_CONFIG_REGISTRY: "http://127.0.0.1:9",
          PLANTPREDICT_AUTH_URL: "http://127.0.0.1:9",
          PLANTPREDICT_API_URL: "http://127.0.0.1:9",
          ONECELL_STORE_KEY: btoa("k".repeat(32)),
        },
      },
    );
    assert.deepEqual([name, code], ["AuthError", "network"], message);
    assert.match(message ?? "", /^The package \S+ is not on this machine.*Go online/);
  }));

const RUNTIME = new URL("../../src/runtime/current.ts", import.meta.url).href;
