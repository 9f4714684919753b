import assert from "node:assert/strict";
import { startSandbox } from "../../../examples/sandbox/mod.ts";
import { scanNotebookJson } from "../../../src/scan/scan_notebook.ts";
import { findPython, runNotebook, type RunResult, textOf } from "./run_notebook.ts";

const ignore = await findPython() === null;

/** Fails if a notebook would save a secret. `secrets` are by name. */
function assertClean({ notebook }: RunResult, secrets: Record<string, string>): void {
  assert.ok(Object.values(secrets).every((secret) => secret.length > 8), "no secrets to look for");
  assert.deepEqual(scanNotebookJson(JSON.stringify(notebook), secrets), []);
}

/** The access token saved below a folder. */
async function savedToken(folder: string): Promise<string> {
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(`${folder}/${name}`).catch(() => "");
    const token = /"access_?token":\s*"([^"]+)"/i.exec(text)?.[1];
    if (token !== undefined) return token;
  }
  throw new Error("no token was saved");
}

Deno.test({
  name: "one cell signs in, the second cell and the second kernel do not prompt, and nothing leaks",
  ignore,
  async fn() {
    await using sandbox = await startSandbox({ systems: ["spatiafi"] });
    const home = await Deno.makeTempDir();
    try {
      const env = { ...sandbox.environment, HOME: home };
      const { username, password } = sandbox.users[0]!;
      const cell = `
        import { getSession } from "jsr:@onecell/auth";
        const spatiafi = await getSession("spatiafi");
        const info = await spatiafi.fetch("/api/info?item_id=a"); info.status`;
      const again = `(await (await getSession("spatiafi")).fetch("/api/info?item_id=b")).status`;
      const { host } = new URL(sandbox.environment["SPATIAFI_AUTH_URL"] ?? "");
      const first = await runNotebook({
        cells: [cell, again, `spatiafi`, `console.log(spatiafi, info)`],
        answers: [username, password],
        env,
      });
      assert.deepEqual(
        first.prompts.map(({ prompt, password }) => [prompt, password]),
        [[`SpatiaFi username (for ${host}): `, false], [`SpatiaFi password (for ${host}): `, true]],
      );
      // The third cell shows the session's card, so the first one keeps one line.
      assert.match(textOf(first.cells[0]!.outputs), /^✓ SpatiaFi: signed in[^\n]*\n200$/);
      assert.match(textOf(first.cells[2]!.outputs), /^✓ Signed in to SpatiaFi/);
      const cards = first.displays.filter(({ cell }) => cell === 0).map(({ id }) => id);
      assert.equal(new Set(cards).size, 1, "one card");
      assert.match(textOf(first.cells[1]!.outputs), /^✓ SpatiaFi: signed in[^\n]*\n200$/);

      const second = await runNotebook({ cells: [cell], allowStdin: false, env });
      assert.deepEqual(second.prompts, []);
      assert.match(textOf(second.cells[0]!.outputs), /^✓ SpatiaFi: signed in[^\n]*\n200$/);
      for (const quiet of [`{ quiet: true }`, `{}`]) {
        const { cells } = await runNotebook({
          cells: [cell.replace(`"spatiafi"`, `"spatiafi", ${quiet}`)],
          env: { ...env, ...(quiet === "{}" ? { ONECELL_QUIET: "1" } : {}) },
        });
        assert.equal(textOf(cells[0]!.outputs), "200");
      }
      assert.equal(sandbox.count("spatiafi.token"), 1);

      const saved = JSON.parse(
        await Deno.readTextFile(`${home}/.config/spatiafi/app_credentials`),
      );
      const token = await savedToken(`${home}/.config/spatiafi/onecell`);
      const secrets = { password, client_secret: saved.client_secret, token };
      assertClean(first, secrets);
      assertClean(second, secrets);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
});

Deno.test({
  name: "without a person the cell fails in under a second, and names the missing values",
  ignore,
  async fn() {
    const { cells } = await runNotebook({
      cells: [`import { getSession } from "@onecell/auth";`, `await getSession("spatiafi")`],
      allowStdin: false,
    });
    const [error] = cells[1]!.outputs.filter((output) => output.output_type === "error");
    assert.ok(cells[1]!.seconds < 1, `${cells[1]!.seconds} s`);
    assert.match(error?.evalue ?? "", /SPATIAFI_CLIENT_ID[^]*app_credentials/);
    assert.ok(error!.traceback!.join("\n").split("\n").length <= 4);
  },
});

Deno.test({
  name: "a device is approved while the cell waits, and the saved card has no code",
  ignore,
  async fn() {
    await using sandbox = await startSandbox({ systems: ["oidc"] });
    const { cells, displays, notebook } = await runNotebook({
      env: sandbox.environment,
      cells: [`
        import { defineProvider, getSession } from "@onecell/auth";
        const example = defineProvider({
          name: "example", title: "Example", grant: "device_code", scope: "openid",
          issuer: Deno.env.get("OIDC_ISSUER"), apiUrl: Deno.env.get("OIDC_API_URL"),
        });
        // Who approves: what the person does in the browser.
        const approving = async (input, init) => {
          const response = await fetch(input, init);
          if (!String(input.url ?? input).endsWith("/device_authorization")) return response;
          const body = await response.text();
          const url = JSON.parse(body).verification_uri_complete;
          setTimeout(() => fetch(Deno.env.get("SANDBOX_CONTROL_URL") + "/approve-device", {
            method: "POST", body: JSON.stringify({ url }),
          }).then((answer) => answer.text()).catch(() => {}), 1500);
          return new Response(body, response);
        };
        const session = await getSession(example, {
          credentials: { client_id: "notebook" }, fetch: approving, store: "memory",
        });
        (await session.fetch("/api/info")).status`],
    });
    assert.match(textOf(cells[0]!.outputs), /✓ Signed in to Example[^]*200$/);
    const codes = displays.flatMap(({ data }) =>
      /code \(or enter it\): (\w{4}-\w{4})/.exec(data["text/plain"] ?? "")?.[1] ?? []
    );
    assert.ok(codes.length > 0, "a code was shown");
    assert.ok(!JSON.stringify(notebook.cells[0]!.outputs).includes(codes[0]!));
  },
});
