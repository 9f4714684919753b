// Runs under Deno, Node and Bun: one process of the runtime's tests. Prints its results as JSON lines.
import process from "node:process";
import { currentRuntime } from "../../src/runtime/current.ts";

const runtime = await currentRuntime();
const [command, ...rest] = process.argv.slice(2).map((arg) => JSON.parse(arg));

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Sends one POST and reports the outcome. */
async function post(send: typeof fetch, url: string, id: string): Promise<unknown> {
  try {
    const response = await send(url, {
      method: "POST",
      headers: { "x-id": id },
      body: new URLSearchParams({ grant_type: "refresh_token" }),
      redirect: "manual",
    });
    const headers = Object.fromEntries(response.headers);
    return { id, status: response.status, text: await response.text(), headers, url: response.url };
  } catch (error) {
    const { name, message } = error as Error;
    return { id, error: name, message };
  }
}

/** The outcomes of `fetch`, with and without a connection that an earlier request left open. */
async function once(url: string): Promise<unknown[]> {
  const answers = [];
  const { fetch: onceFetch, close } = runtime.onceFetch();
  for (const round of [1, 2]) {
    await (await fetch(`${url}/warm`)).text();
    answers.push(await post(onceFetch, `${url}/token`, `once-${round}`));
    answers.push(await post(fetch, `${url}/token`, `plain-${round}`));
  }
  answers.push(await post(onceFetch, `${url}/die`, "die"));
  answers.push(await post(onceFetch, `${url}/redirect`, "redirect"));
  close();
  return answers;
}

/** How `onceFetch` ends with its signal, before and after the headers have arrived. */
async function aborted(url: string): Promise<unknown[]> {
  const { fetch: onceFetch, close } = runtime.onceFetch();
  const reasons = [];
  const reason = (error: Error) => error.message;
  const hang = new AbortController();
  setTimeout(() => hang.abort(new Error("enough")), 100);
  reasons.push(
    await onceFetch(`${url}/hang`, { method: "POST", signal: hang.signal }).then(String, reason),
  );
  const early = AbortSignal.abort(new Error("before"));
  reasons.push(await onceFetch(`${url}/hang`, { signal: early }).then(String, reason));
  const drip = new AbortController();
  const response = await onceFetch(`${url}/drip`, { method: "POST", signal: drip.signal });
  setTimeout(() => drip.abort(new Error("in the body")), 100);
  reasons.push(await response.text().then(String, () => "body ended"));
  close();
  return reasons;
}

/** Serves on loopback until a request asks it to stop. */
async function serve(hostname: "127.0.0.1" | "::1"): Promise<unknown> {
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => stop = resolve);
  const server = await runtime.serveLoopback(hostname, 0, async (request, { from, to }) => {
    const { pathname, host, search } = new URL(request.url);
    if (pathname === "/ends") return Response.json({ from, to });
    if (pathname === "/stop") stop();
    if (pathname === "/fail") throw new Error("a secret");
    const text = `${request.method} ${host} ${pathname}${search} ${await request.text()}`;
    return new Response(text, { status: 201, headers: { "x-test": "yes" } });
  });
  say({ port: server.port });
  const again = runtime.serveLoopback(hostname, server.port, () => new Response());
  const taken = await again.then(() => false, () => true);
  await stopped;
  const started = performance.now();
  await server.close();
  return { taken, closing: performance.now() - started };
}

/** The runtime's information about itself and its errors. */
async function facts(folder: string): Promise<unknown> {
  const kinds: Record<string, string> = {};
  const attempts: Record<string, () => unknown> = {
    missing: () => runtime.files.readText(`${folder}/missing`),
    exists: () => runtime.files.createPrivate(`${folder}/there`, 0o600),
    link: () => runtime.files.readTextNoFollow(`${folder}/link`, 100),
    loop: () => runtime.files.readText(`${folder}/loop`),
    folder: () => runtime.files.readTextNoFollow(folder, 100),
    large: () => runtime.files.readTextNoFollow(`${folder}/there`, 2),
    pipe: () => runtime.files.readTextNoFollow(`${folder}/pipe`, 100),
    full: async () => await (await import("node:fs/promises")).writeFile("/dev/full", "x"),
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    kinds[name] = await (async () => await attempt())().then(
      () => "none",
      (error) => runtime.errorKind(error),
    );
  }
  runtime.setEnvironment("ONECELL_TEST", "set");
  return {
    name: runtime.name,
    platform: runtime.platform,
    home: runtime.homeDirectory() ?? null,
    environment: [runtime.getEnvironment("ONECELL_TEST"), process.env["ONECELL_TEST"]],
    terminal: [runtime.inputIsTerminal(), runtime.errorIsTerminal()],
    asked: await runtime.ask("Nobody: ", true),
    there: await runtime.files.status(`${folder}/there`),
    link: (await runtime.files.status(`${folder}/link`))?.isSymlink,
    missing: await runtime.files.status(`${folder}/missing`),
    same: runtime === await currentRuntime(),
    kinds,
  };
}

/** Turns SIGINT into an event, once. The second one ends the process. */
async function interrupted(): Promise<unknown> {
  const alive = setInterval(() => {}, 1000);
  await new Promise<void>((resolve) => {
    const stop = runtime.onInterrupt(() => {
      stop();
      resolve();
    });
    say("waiting");
  });
  say("interrupted");
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  clearInterval(alive);
  return "still there";
}

/** Runs programs and reports each outcome: a code and an output, or a kind of error. */
async function programs(commands: { command: string[]; stopAfter?: number }[]): Promise<unknown[]> {
  process.env["ONECELL_HIDDEN"] = "a secret";
  process.env["ONECELL_SEEN"] = "seen";
  return await Promise.all(commands.map(async ({ command, stopAfter }) => {
    const controller = new AbortController();
    const timer = stopAfter && setTimeout(() => controller.abort(new Error("enough")), stopAfter);
    const started = performance.now();
    try {
      return await runtime.runProgram(command, {
        signal: controller.signal,
        without: ["ONECELL_HIDDEN"],
      });
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      const kind = runtime.errorKind(error);
      const late = performance.now() - started > 5_000;
      return kind === "not_found"
        ? kind
        : { message, late, ...(code?.includes("_") ? { code } : {}) };
    } finally {
      clearTimeout(timer);
    }
  }));
}

const commands: Record<string, () => unknown> = {
  programs: () => programs(rest[0]),
  once: () => once(rest[0]),
  aborted: () => aborted(rest[0]),
  async one() {
    const { fetch: onceFetch, close } = runtime.onceFetch();
    const answer = await post(onceFetch, rest[0], "one");
    close();
    return answer;
  },
  async near() {
    const { fetch: onceFetch, close } = runtime.onceFetch();
    const answers = [
      await post(onceFetch, rest[0], "once"),
      await post(runtime.loopbackFetch, rest[0], "near"),
    ];
    close();
    return answers;
  },
  serve: () => serve(rest[0]),
  facts: () => facts(rest[0]),
  interrupted,
  browser: () => Promise.all(rest.map((address) => runtime.openBrowser(address))),
  async browserAfter() {
    const [written, address] = rest;
    for (const [name, value] of Object.entries(written)) {
      runtime.setEnvironment(name, String(value));
    }
    return [await runtime.openBrowser(address)];
  },
  async ask() {
    return [
      await runtime.ask("User name: ", false),
      await runtime.ask("Password: ", true),
      await runtime.ask("Again: ", true),
      runtime.inputIsTerminal(),
      runtime.errorIsTerminal(),
    ];
  },
};
say(await commands[command]?.());
