import assert from "node:assert/strict";
import { runProgram } from "../../support/program.ts";
import { canary, leakIn } from "../../support/secrets.ts";
import { eachRow, test } from "../../support/tests.ts";

/** Signs in at a server inside the program, and leaves `session`, `saved` and `refused`. */
const SIGNED_IN = `
  const answer = (body, status) => new Response(JSON.stringify(body), {
    status, headers: { "content-type": "application/json" },
  });
  const fetch = async (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    if (url.includes("/token")) {
      return String(init.body).includes("mistyped")
        ? answer({ error: "invalid_client", error_description: "was: " + init.body }, 400)
        : answer({ ...data.tokens, token_type: "bearer", expires_in: 900 }, 200);
    }
    return answer({ ok: true }, 200);
  };
  const provider = auth.defineProvider({
    name: "plain", apiUrl: "https://api.example.com/", endpoints: { token: "https://auth.example.com/token" },
  });
  const options = { directory: data.directory, interactive: false, fetch };
  const saved = await auth.saveCredentials(provider, data.credentials, { directory: data.directory });
  const session = await auth.getSession(provider, options);
  const wrong = { client_id: "a", client_secret: "mistyped" + data.credentials.client_secret };
  const refuse = () => auth.getSession(provider, { ...options, credentials: wrong });
  const refused = await refuse().catch((error) => error);
  const loaded = await auth.loadCredentials(provider, { directory: data.directory });
`;

test("nothing that a program prints shows a secret", () =>
  eachRow([
    { name: "console.log", text: "console.log(session, saved, refused, loaded, provider);" },
    {
      name: "console.error",
      text: "console.error('%o %O %s %j', session, saved, refused, loaded);",
    },
    {
      name: "console.dir",
      text: `for (const value of [session, saved, refused, loaded, session.fetch]) {
          console.dir(value, { depth: Infinity, showHidden: true, getters: true });
        }`,
    },
    { name: "console.table", text: "console.table([session, saved, refused, loaded]);" },
    { name: "console.trace", text: "console.trace(session, saved, refused);" },
    { name: "text", text: "console.log(`${session} ${saved} ${refused} ${loaded}`);" },
    { name: "JSON", text: "console.log(JSON.stringify({ session, saved, refused, loaded }));" },
    { name: "entries", text: "for (const x of [session, saved]) console.log(Object.entries(x));" },
    { name: "an error that is not caught", text: "throw refused;", fails: true },
    { name: "a rejection that is not handled", text: "Promise.reject(refused);", fails: true },
    { name: "a sign-in that is not awaited", text: "refuse();", fails: true },
    {
      name: "an error with causes",
      text: "throw new Error('outer', { cause: new Error('inner', { cause: refused }) });",
      fails: true,
    },
    { name: "an assertion", text: "console.assert(false, session, saved, refused);" },
    { name: "a rejected test of equality", text: unequal(), fails: true },
  ], async ({ text, fails = false }: { name: string; text: string; fails?: boolean }) => {
    const directory = await Deno.makeTempDir({ prefix: "onecell-test-" });
    try {
      const credentials = { client_id: "the-client", client_secret: canary() };
      const tokens = { access_token: canary(), refresh_token: canary(), id_token: canary() };
      const { code, stdout, stderr } = await runProgram(SIGNED_IN + text, {
        data: { directory, credentials, tokens },
        env: { HOME: directory },
      });
      assert.equal(code, fails ? 1 : 0, stderr);
      assert((stdout + stderr).length > 20, "it printed nothing");
      const secrets = [credentials.client_secret, ...Object.values(tokens)];
      assert.equal(leakIn(stdout + stderr, secrets), undefined);
      // Values that are not secret can be read.
      if (fails && text.includes("refused")) assert.match(stderr, /invalid_client|AuthError/);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }, 3));

/** Prints both sides in full. */
function unequal(): string {
  return `
    const assert = (await import("node:assert/strict")).default;
    assert.deepEqual({ session, saved, loaded }, { session: saved, saved: session });`;
}
