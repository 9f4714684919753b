import assert from "node:assert/strict";
import { getSession } from "../../../mod.ts";
import { works } from "../../support/call.ts";
import { enter, onLink, scriptedPerson } from "../../support/person.ts";
import { runProgram } from "../../support/program.ts";
import { skip } from "../../support/runtimes.ts";
import { until } from "../../support/rejects.ts";
import { leakIn } from "../../support/secrets.ts";
import { eachRow, test } from "../../support/tests.ts";
import { TOKEN_REQUESTS, underFault } from "../../support/token_requests.ts";
import { createWorld, oidcProvider, savedTokenFiles, type World } from "../../support/world.ts";

/** All secrets of a world: the original ones, and those saved by now. */
async function secretsOf(world: World): Promise<string[]> {
  const { sandbox, directory, user, foreigner, credentials } = world;
  const secrets = [user.password, foreigner.password, credentials["client_secret"] ?? ""];
  for (const client of Object.values(sandbox.clients)) secrets.push(client.clientSecret ?? "");
  for (const path of await savedTokenFiles(directory)) {
    const token = JSON.parse(await Deno.readTextFile(path));
    secrets.push(token.access_token, token.refresh_token ?? "", token.id_token ?? "");
  }
  return secrets.filter((secret) => secret !== "");
}

/** No URL that the servers saw contains a secret, and no header has an unusual name. */
async function assertQuietUrls(world: World): Promise<void> {
  const { requests } = world.sandbox;
  assert(requests.length > 0);
  const urls = requests.map(({ url }) => url).join("\n");
  assert.equal(leakIn(urls, await secretsOf(world)), undefined);
  const asSeen = urls.match(
    /[?&](password|client_secret|refresh_token|code_verifier|access_token)=/,
  );
  assert.equal(asSeen, null);
}

test("no URL carries a secret, with any grant", () =>
  eachRow(TOKEN_REQUESTS, async (request) => {
    await using world = await underFault(request, "503", 1, 10_000);
    const session = await world.send();
    await works(session);
    await assertQuietUrls(world);
    await session.refresh().catch(() => {});
    await session.logout();
    await assertQuietUrls(world);
  }));

test("no URL carries a secret when app credentials are created or a browser signs in", async () => {
  await using spatiafi = await createWorld("spatiafi");
  const { username, password } = spatiafi.foreigner;
  const typing = scriptedPerson({ answers: [username, password] });
  await works(
    await getSession("spatiafi", { ...spatiafi.options, interactive: true, person: typing }),
  );
  await assertQuietUrls(spatiafi);

  await using oidc = await createWorld("oidc");
  const browsing = scriptedPerson({
    browserIsLocal: true,
    onShow: onLink(async (url) => {
      await (await fetch(await oidc.sandbox.completeSignIn(url))).body?.cancel();
    }),
  });
  const { directory, credentials } = oidc;
  const session = await getSession(oidcProvider(oidc), {
    directory,
    credentials,
    person: browsing,
  });
  await works(session);
  await browsing.settled();
  await assertQuietUrls(oidc);
});

test("the browser's arguments contain no secret", async () => {
  if (Deno.build.os !== "linux") return skip("the browser's arguments", "this is not Linux");
  await using world = await createWorld("oidc", { client: "oidc.client_secret_post" });
  const { sandbox, directory, credentials } = world;
  const seen = `${directory}/arguments`;
  // The program that a desktop would start, and its arguments.
  const script = `#!/bin/sh\nprintf '%s\\n' "$0" "$@" > ${seen}.new; mv ${seen}.new ${seen}\n`;
  await Deno.mkdir(`${directory}/bin`);
  await Deno.writeTextFile(`${directory}/bin/xdg-open`, script, { mode: 0o755 });
  const runtime = new URL("../../../src/runtime/current.ts", import.meta.url).href;
  const outcome = runProgram(
    `
    const { currentRuntime } = await import(${JSON.stringify(runtime)});
    const runtime = await currentRuntime();
    const person = {
      kind: "terminal", browserIsLocal: true, ask: () => null, show: async () => {},
      open: (url) => runtime.openBrowser(url),
      interruptible: (wait) => wait(new AbortController().signal),
    };
    const session = await auth.getSession(data.provider, { ...data.options, person });
    const response = await session.fetch("/api/info");
    await response.text();
    console.log(response.status, JSON.stringify([Deno.args, Deno.mainModule]));
    `,
    {
      data: {
        provider: oidcProvider(world, { clientAuthentication: "client_secret_post" }),
        options: { directory: `${directory}/config`, credentials },
      },
      env: {
        HOME: directory,
        PATH: `${directory}/bin:${Deno.env.get("PATH") ?? ""}`,
        DISPLAY: ":0",
      },
    },
  );
  await until("the browser", () => exists(seen));
  const text = await Deno.readTextFile(seen);
  const [program = "", entrance = "", ...more] = text.trim().split("\n");
  assert(program.endsWith("xdg-open"));
  assert.deepEqual(more, []);
  // Other users can read the arguments, so they contain no state, challenge or client.
  assert.match(entrance, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/);
  const url = await enter(entrance);
  assert.equal(await enter(entrance), "", "it leads on once");
  await (await fetch(await sandbox.completeSignIn(url))).body?.cancel();
  const { stdout, stderr } = await outcome;
  assert.match(stdout, /^200 /, stderr);
  const secrets = [
    ...await secretsOf({ ...world, directory: `${directory}/config` }),
    credentials["client_secret"] ?? "",
  ];
  assert(secrets.length > 3);
  assert.equal(leakIn(text, secrets), undefined);
  assert.equal(leakIn(url, secrets), undefined);
  assert.deepEqual([...new URL(url).searchParams.keys()].sort(), [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "prompt",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
  ]);
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
