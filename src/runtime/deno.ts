import { isLoopback } from "../trust.ts";
import { AuthError } from "../errors.ts";
import { denoFiles } from "./deno_files.ts";
import type { DenoHttpClient, DenoHttpClientOptions, DenoNamespace } from "./deno_namespace.ts";
import type { Doors } from "./doors.ts";
import { errorKind, missingFlag } from "./error_kind.ts";
import type { LoopbackHandler, LoopbackServer, OnceFetch, Runtime } from "./runtime.ts";

/** Deno as a {@linkcode Runtime}. Nothing here imports a `node:` module: that alone takes 10–30 ms. */
export function denoRuntime(deno: DenoNamespace, doors: Doors): Runtime {
  const platform = platformOf(deno.build.os);
  const refused = new Set<string>();
  const written = new Set<string>();
  let found: boolean | undefined;
  const proxied = () => found ??= mayUseProxy(deno);
  const runtime: Runtime = {
    name: "deno",
    platform,
    files: denoFiles(deno),
    getEnvironment(name) {
      try {
        return deno.env.get(name);
      } catch {
        refused.add(name); // not allowed, so treat it as unset
        return undefined;
      }
    },
    refusedVariables: () => [...refused],
    setEnvironment(name, value) {
      deno.env.set(name, value);
      written.add(name);
    },
    userId() {
      // Without the permission, the call would make Deno prompt the person.
      const { state } = deno.permissions.querySync({ name: "sys", kind: "uid" });
      return state === "granted" ? deno.uid() ?? undefined : undefined;
    },
    homeDirectory() {
      const home = runtime.getEnvironment(platform === "windows" ? "USERPROFILE" : "HOME");
      return home || undefined;
    },
    errorKind,
    missingFlag,
    inNotebook() {
      try {
        return deno.jupyter !== undefined;
      } catch {
        return false; // the getter throws outside a kernel
      }
    },
    inputIsTerminal: () => deno.stdin.isTerminal(),
    errorIsTerminal: () => deno.stderr.isTerminal(),
    ask: (text, secret) => ask(deno, runtime, doors, text, secret),
    writeError: (text) => writeError(deno, text),
    onInterrupt(listener, signal = "SIGINT") {
      deno.addSignalListener(signal, listener);
      return () => deno.removeSignalListener(signal, listener);
    },
    onceFetch: () => onceFetch(deno, proxied),
    loopbackFetch: loopbackFetch(deno, proxied),
    async runProgram(command, options) {
      return await (await doors.program()).runDenoProgram(deno, runtime, command, options);
    },
    openBrowser: (url) => openBrowser(deno, runtime, doors, url, written),
    serveLoopback: (hostname, port, handler) => serveLoopback(deno, hostname, port, handler),
  };
  return runtime;
}

function platformOf(os: string): Runtime["platform"] {
  return os === "linux" || os === "darwin" || os === "windows" ? os : "other";
}

function writeError(deno: DenoNamespace, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) done += deno.stderr.writeSync(bytes.subarray(done));
}

async function ask(
  deno: DenoNamespace,
  { onInterrupt }: Pick<Runtime, "onInterrupt">,
  doors: Doors,
  text: string,
  secret: boolean,
): Promise<string | null> {
  if (!deno.stdin.isTerminal()) return null;
  const { askLine } = await doors.terminal();
  return await askLine(
    {
      setRaw: (on) => deno.stdin.setRaw(on),
      read: (signal) => read(deno, signal),
      write: (part) => writeError(deno, part),
      onInterrupt,
    },
    text,
    secret,
  );
}

/**
 * A pending read cannot be cancelled: if a signal ends its question, the read gets the next question's
 * keys, and keeps the process alive until then.
 */
let reading: Promise<Uint8Array | null> | undefined;

function read(deno: DenoNamespace, signal: AbortSignal): Promise<Uint8Array | null> {
  const buffer = new Uint8Array(4096);
  const keys = reading ??= deno.stdin.read(buffer)
    .then((count) => count === null ? null : buffer.subarray(0, count))
    .finally(() => reading = undefined);
  return new Promise((resolve, reject) => {
    const stop = () => resolve(null);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    keys.then(resolve, reject);
  });
}

/** Reuses no connection, because Deno's `fetch` sends a request again, even a POST, when a reused one dies. */
function onceFetch(deno: DenoNamespace, proxied: () => boolean): OnceFetch {
  const create = deno.createHttpClient;
  if (create === undefined) return { fetch, close() {} };
  const clients: DenoHttpClient[] = [];
  return {
    fetch(input: RequestInfo | URL, init?: RequestInit) {
      const client = createClient(create, {
        poolMaxIdlePerHost: 0,
        ...(proxied() ? directTo(input) : {}),
      });
      clients.push(client);
      return fetch(input, { ...init, client } as RequestInit);
    },
    close: () => clients.forEach((client) => client.close()),
  };
}

/** Reaches this machine's servers directly: Deno's `fetch` takes proxies from the environment. */
function loopbackFetch(deno: DenoNamespace, proxied: () => boolean): typeof fetch {
  /** One client for each host and port; they live as long as the process. */
  const clients = new Map<string, DenoHttpClient>();
  return (input: RequestInfo | URL, init?: RequestInit) => {
    const create = deno.createHttpClient;
    const direct = proxied() ? directTo(input) : {};
    if (create === undefined || direct.proxy === undefined) return fetch(input, init);
    const key = JSON.stringify(direct);
    const client = clients.get(key) ?? createClient(create, direct);
    clients.set(key, client);
    return fetch(input, { ...init, client } as RequestInit);
  };
}

/** Options for a client that connects directly to a loopback URL's port, without a proxy. */
function directTo(input: RequestInfo | URL): Pick<DenoHttpClientOptions, "proxy"> {
  const { hostname, port, protocol } = new URL(
    typeof input === "object" && "url" in input ? input.url : input,
  );
  if (!isLoopback(hostname)) return {};
  return {
    proxy: {
      transport: "tcp",
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port || (protocol === "https:" ? 443 : 80)),
    },
  };
}

/** Whether Deno may use a proxy: one is set, or the variables cannot be read. */
function mayUseProxy(deno: DenoNamespace): boolean {
  return ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()])
    .some((variable) => {
      // Check first, because reading without the permission makes Deno prompt the person.
      const { state } = deno.permissions.querySync({ name: "env", variable });
      return state !== "granted" || Boolean(deno.env.get(variable));
    });
}

function createClient(
  create: NonNullable<DenoNamespace["createHttpClient"]>,
  options: DenoHttpClientOptions,
): DenoHttpClient {
  try {
    return create(options);
  } catch (error) {
    // Nothing else set up here can fail.
    throw new AuthError(
      "tls",
      "Deno cannot use the certificates it was given. Point DENO_CERT at a CA file in PEM, and set " +
        "DENO_TLS_CA_STORE to mozilla, system or both; or unset them.",
      { cause: error },
    );
  }
}

async function openBrowser(
  deno: DenoNamespace,
  runtime: Runtime,
  doors: Doors,
  url: string,
  written: ReadonlySet<string>,
): Promise<boolean> {
  const { browserCommand, hiddenVariables, opened } = await doors.browser();
  const command = browserCommand(runtime, url);
  if (!command) return false;
  try {
    // Without the permission to list all variables, use those that this module has set.
    const mayList = deno.permissions.querySync({ name: "env" }).state === "granted";
    const names = mayList ? Object.keys(deno.env.toObject()) : [...written];
    // Deno can change a variable for a program that it starts, but cannot remove one.
    const env = Object.fromEntries(hiddenVariables(names, written).map((name) => [name, ""]));
    const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
    const child = new deno.Command(command.program, { args: command.args, env, ...quiet }).spawn();
    child.unref();
    return await opened(child.status.then((status) => status.success));
  } catch {
    return false; // no such program, or not allowed to start it
  }
}

/** How long responses in progress have to finish when a server closes, in milliseconds. */
const CLOSING_TIME = 300;

// `async`, so that a port in use rejects.
// deno-lint-ignore require-await
async function serveLoopback(
  deno: DenoNamespace,
  hostname: "127.0.0.1" | "::1",
  port: number,
  handler: LoopbackHandler,
): Promise<LoopbackServer> {
  const abort = new AbortController();
  const answers = new Set<Promise<void>>();
  const server = deno.serve({
    hostname,
    port,
    signal: abort.signal,
    onListen() {}, // otherwise Deno writes a line to the notebook
    onError: () => new Response(null, { status: 500 }),
  }, (request, { completed, remoteAddr }) => {
    const answer = completed.catch(() => {}).finally(() => answers.delete(answer));
    answers.add(answer);
    return handler(request, { from: remoteAddr.port, to: server.addr.port });
  });
  return {
    port: server.addr.port,
    async close() {
      await within(CLOSING_TIME, Promise.all(answers));
      // Not after `shutdown()`, which waits for idle connections: together they throw.
      abort.abort();
      await server.finished;
    },
  };
}

async function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const time = new Promise((resolve) => timer = setTimeout(resolve, milliseconds));
  await Promise.race([promise, time]);
  clearTimeout(timer);
}
