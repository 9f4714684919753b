import assert from "node:assert/strict";
import { get } from "./client.ts";

const main = new URL("../../../examples/sandbox/main.ts", import.meta.url).pathname;

function run(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", main, "--systems", "spatiafi", ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function firstLines(child: Deno.ChildProcess, enough: RegExp): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  const reader = child.stdout.getReader();
  while (!enough.test(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

Deno.test("main.ts --json prints one line for other programs, and stops on a signal", async () => {
  const begin = performance.now();
  const child = run("--json", "--lifetime", "60");
  const text = await firstLines(child, /\n/);
  assert(performance.now() - begin < 3000);
  const { environment, users, clients } = JSON.parse(text);
  assert.equal(users.length, 2);
  assert.equal(typeof clients.spatiafi.clientSecret, "string");
  assert.equal((await get(`${environment.SANDBOX_CONTROL_URL}/counters`)).status, 200);
  child.kill("SIGTERM");
  const errors = await new Response(child.stderr).text();
  assert.equal((await child.status).code, 0, errors);
  assert.equal(errors, "");
});

Deno.test("main.ts prints lines for a shell", async () => {
  const child = run();
  const text = await firstLines(child, /# Press Ctrl-C/);
  assert.match(text, /^export SPATIAFI_AUTH_URL='http:\/\/127\.0\.0\.1:\d+'$/m);
  assert.match(text, /^# username: /m);
  child.kill("SIGTERM");
  await child.stderr.cancel();
  assert.equal((await child.status).code, 0);
});

Deno.test("main.ts lists the systems if it does not know one", async () => {
  const child = run("--systems", "nonsense");
  await child.stdout.cancel();
  assert.match(await new Response(child.stderr).text(), /"nonsense".*spatiafi/);
  assert.equal((await child.status).code, 2);
});
