import { skip } from "../../support/runtimes.ts";

/** A user of the hub, who is also a user of this machine. */
export interface HubUser {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** A running JupyterHub on loopback whose servers use this working tree as `jsr:@onecell/auth`. */
export interface Hub extends AsyncDisposable {
  readonly users: readonly HubUser[];
  /** Signs a user in at the hub's page. Its authenticator keeps the token. */
  signIn(user: HubUser, token: string): Promise<void>;
  /** Starts a user's server, and a Deno kernel in it. @param server a name; the default one has none */
  open(user: HubUser, server?: string): Promise<Kernel>;
}

/** The administrator's settings. */
export interface HubOptions {
  /** Variables of every server. */
  environment: Record<string, string>;
  /** Variables of named servers, by user. */
  shared: readonly Record<string, string>[];
}

const root = new URL("../../../", import.meta.url);
/** The time limit for starting the hub or a server, in milliseconds. */
const STARTING_TIME = 60_000;

/** Starts a hub with two users. If that is not possible: `null`, with a line that says why. */
export async function startHub(options: HubOptions): Promise<Hub | null> {
  const jupyterhub = Deno.env.get("ONECELL_JUPYTERHUB") ?? "jupyterhub";
  const proxy = Deno.env.get("ONECELL_HUB_PROXY") ?? "configurable-http-proxy";
  for (const program of [jupyterhub, proxy]) {
    if (await runs(program, "--version")) continue;
    skip("a hub with two users", `no ${program} (ONECELL_JUPYTERHUB, ONECELL_HUB_PROXY)`);
    return null;
  }
  if (Deno.uid() !== 0 || !await runs("useradd", "--help")) {
    skip("a hub with two users", "only root can make users");
    return null;
  }
  const hub = new RunningHub(await Deno.makeTempDir({ prefix: "onecell-hub-" }));
  try {
    const isStarted = await hub.start(jupyterhub, proxy, options);
    if (isStarted) return hub;
    await hub[Symbol.asyncDispose]();
    return null;
  } catch (error) {
    await hub[Symbol.asyncDispose]();
    throw error;
  }
}

class RunningHub implements Hub {
  readonly users: HubUser[] = [];
  readonly #folder: string;
  readonly #token = crypto.randomUUID();
  readonly #port = freePort();
  readonly #kernels: { kernel: Kernel; path: string; server: string }[] = [];
  #process: Deno.ChildProcess | undefined;
  #isEnded = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(
    jupyterhub: string,
    proxy: string,
    { environment, shared }: HubOptions,
  ): Promise<boolean> {
    const at = (name: string) => `${this.#folder}/${name}`;
    // The users pass through it to their homes and to the programs they run.
    await Deno.chmod(this.#folder, 0o711);
    for (const name of ["hub", "home", "bin", "module", "jupyter/kernels/deno"]) {
      await Deno.mkdir(at(name), { recursive: true });
    }
    await Deno.chmod(at("hub"), 0o700);
    const tree = decodeURIComponent(root.pathname);
    await run("cp", "-rL", Deno.execPath(), at("bin/deno"));
    await run("chmod", "755", at("bin/deno"));
    for (const name of ["mod.ts", "src", "deno.json", "deno.lock"]) {
      await run("cp", "-r", `${tree}${name}`, at("module"));
    }
    await run("chmod", "-R", "a+rX", at("module"));
    await Deno.writeTextFile(
      at("jupyter/kernels/deno/kernel.json"),
      JSON.stringify({
        argv: [at("bin/deno"), "jupyter", "--kernel", "--conn", "{connection_file}"],
        display_name: "Deno",
        language: "typescript",
      }),
    );
    await this.#download(at);
    const settings = {
      folder: at("hub"),
      port: this.#port,
      hubPort: freePort(),
      proxyPort: freePort(),
      proxy,
      token: this.#token,
      environment: { JUPYTER_PATH: at("jupyter"), NO_COLOR: "1", ...environment },
      users: {} as Record<string, unknown>,
    };
    const stem = `oc${crypto.randomUUID().slice(0, 6)}`;
    for (const [index, values] of shared.entries()) {
      const name = `${stem}${index}`;
      const home = at(`home/${name}`);
      await run("useradd", "--create-home", "--home-dir", home, "--shell", "/bin/sh", name);
      const { uid } = await Deno.stat(home);
      this.users.push({ name, home, uid: uid ?? -1 });
      // A typical home folder: others may look into it.
      await Deno.chmod(home, 0o755);
      await Deno.writeTextFile(`${home}/deno.json`, project(at("module")));
      await run("cp", "-r", at("deno"), `${home}/deno`);
      await run("chown", "-R", `${name}:`, home);
      settings.users[name] = { home, shared: values, environment: { DENO_DIR: `${home}/deno` } };
    }
    const [user] = this.users;
    if (user && !await runs("su", user.name, "-c", `${jupyterhub}-singleuser --version`)) {
      skip("a hub with two users", `other users may not run ${jupyterhub}-singleuser`);
      return false;
    }
    const config = decodeURIComponent(new URL("jupyterhub_config.py", import.meta.url).pathname);
    // To a file, because processes that the servers leave behind would keep a pipe open.
    const log = `exec "$0" "$@" >"${at("hub/log")}" 2>&1`;
    this.#process = new Deno.Command("sh", {
      args: ["-c", log, jupyterhub, "--config", config],
      cwd: at("hub"),
      env: {
        HUB_SETTINGS: JSON.stringify(settings),
        CONFIGPROXY_AUTH_TOKEN: crypto.randomUUID(),
        JUPYTERHUB_CRYPT_KEY: crypto.getRandomValues(new Uint8Array(32)).toHex(),
        PATH: `${jupyterhub.replace(/\/?[^/]*$/, "") || "."}:${Deno.env.get("PATH")}`,
        PYTHONDONTWRITEBYTECODE: "1",
      },
      stdin: "null",
    }).spawn();
    void this.#process.status.then(() => this.#isEnded = true);
    await this.#until("the hub", async () => {
      const { status } = await this.#ask("GET", "/hub/api/").catch(() => ({ status: 0 }));
      return status === 200;
    });
    const usernames = this.users.map(({ name }) => name);
    await this.#ask("POST", "/hub/api/users", { usernames });
    return true;
  }

  async signIn({ name }: HubUser, token: string): Promise<void> {
    const page = `http://127.0.0.1:${this.#port}/hub/login`;
    const shown = await fetch(page);
    await shown.body?.cancel();
    const cookies = shown.headers.getSetCookie().map((cookie) => cookie.split(";")[0] ?? "");
    const xsrf = cookies.find((cookie) => cookie.startsWith("_xsrf="))?.slice(6) ?? "";
    const answer = await fetch(page, {
      method: "POST",
      headers: { cookie: cookies.join("; ") },
      body: new URLSearchParams({ username: name, password: token, _xsrf: xsrf }),
      redirect: "manual",
    });
    await answer.body?.cancel();
    if (answer.status !== 302) throw new Error(`The hub's page answered ${answer.status}.`);
  }

  async open(user: HubUser, server = ""): Promise<Kernel> {
    await this.#ask("POST", `/hub/api/users/${user.name}/servers/${server}`);
    await this.#until(`${user.name}'s server`, async () => {
      const { body } = await this.#ask("GET", `/hub/api/users/${user.name}`);
      const servers = (body as { servers: Record<string, { ready: boolean }> }).servers;
      return servers[server]?.ready === true;
    });
    const base = `/user/${user.name}/${server === "" ? "" : `${server}/`}api/kernels`;
    const { status, body } = await this.#ask("POST", base, { name: "deno" });
    if (status !== 201) throw new Error(`No kernel: ${status} ${JSON.stringify(body)}`);
    const { id } = body as { id: string };
    const url = `ws://127.0.0.1:${this.#port}${base}/${id}/channels`;
    const kernel = new Kernel(url, this.#token);
    const path = `${base}/${id}`;
    this.#kernels.push({
      kernel,
      path,
      server: `/hub/api/users/${user.name}/servers/${server}`,
    });
    await kernel.ready();
    return kernel;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One after the other, because a hub that is ended leaves kernels behind.
    for (const { kernel, path, server } of this.#kernels) {
      await kernel.close();
      if (this.#isEnded) continue;
      await this.#ask("DELETE", path);
      await this.#ask("DELETE", server);
    }
    await this.#end();
    for (const { name, uid } of this.users) {
      // A kernel that is busy or idle for long may outlive its server.
      if (uid > 0) await run("pkill", "-KILL", "-U", String(uid)).catch(() => {});
      await run("userdel", name).catch(() => {});
    }
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Downloads the packages once. Every user has their own copy. */
  async #download(at: (name: string) => string): Promise<void> {
    await Deno.mkdir(at("project"));
    await Deno.writeTextFile(at("project/deno.json"), project(at("module")));
    await Deno.writeTextFile(
      at("project/main.ts"),
      'import "jsr:@onecell/auth";\n',
    );
    const command = new Deno.Command(Deno.execPath(), {
      args: ["cache", "--quiet", "--no-check", "main.ts"],
      cwd: at("project"),
      env: { DENO_DIR: at("deno") },
      stderr: "piped",
    });
    const { success, stderr } = await command.output();
    if (!success) throw new Error(`deno cache failed:\n${new TextDecoder().decode(stderr)}`);
  }

  async #ask(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method,
      headers: { authorization: `token ${this.#token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (const until = Date.now() + STARTING_TIME; Date.now() < until;) {
      if (await isSo()) return;
      if (this.#isEnded) break;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    await this.#end();
    const log = await Deno.readTextFile(`${this.#folder}/hub/log`).catch(() => "");
    throw new Error(`${what} did not start:\n${log.slice(-4000)}`);
  }

  /** Ends the hub, which also ends its servers and its proxy. */
  async #end(): Promise<void> {
    if (!this.#process) return;
    if (!this.#isEnded) this.#process.kill("SIGTERM");
    await this.#process.status;
  }
}

/** The result of one cell. */
export interface CellResult {
  status: string;
  /** Everything it showed, as text. */
  text: string;
  /** Its prompts. */
  prompts: string[];
}

interface Message {
  header?: { msg_type: string };
  msg_type?: string;
  channel: string;
  parent_header: { msg_id?: string };
  content: Record<string, unknown>;
}

/** A kernel behind a hub, as used by a notebook in a browser. */
export class Kernel {
  readonly #socket: WebSocket;
  readonly #session = crypto.randomUUID();
  readonly #opened: Promise<void>;
  #listener: (message: Message) => void = () => {};

  constructor(url: string, token: string) {
    this.#socket = new WebSocket(url, { headers: { authorization: `token ${token}` } });
    this.#opened = new Promise((resolve, reject) => {
      this.#socket.onopen = () => resolve();
      this.#socket.onerror = (event) =>
        reject(new Error(`No kernel: ${(event as ErrorEvent).message}`));
    });
    this.#socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.#listener(JSON.parse(data));
    };
  }

  async ready(): Promise<void> {
    await this.#opened;
  }

  /** Runs a cell. @param answers the answers to its prompts, in order */
  async run(code: string, answers: string[] = []): Promise<CellResult> {
    const result: CellResult = { status: "timeout", text: "", prompts: [] };
    const typed = [...answers];
    const id = this.#send("shell", "execute_request", {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: true,
      stop_on_error: true,
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, 30_000);
      let isIdle = false;
      this.#listener = (message) => {
        if (message.parent_header.msg_id !== id) return;
        const { content } = message;
        switch (message.header?.msg_type ?? message.msg_type) {
          case "input_request":
            result.prompts.push(String(content["prompt"]));
            this.#send("stdin", "input_reply", { value: typed.shift() ?? "", status: "ok" });
            break;
          case "stream":
            result.text += content["text"];
            break;
          case "error":
            result.text += `${content["ename"]}: ${content["evalue"]}`;
            break;
          case "display_data":
          case "execute_result":
            result.text += (content["data"] as Record<string, string>)["text/plain"] ?? "";
            break;
          case "execute_reply":
            result.status = String(content["status"]);
            break;
          case "status":
            isIdle ||= content["execution_state"] === "idle";
        }
        // The kernel's output may come after `idle`.
        if (isIdle && result.status !== "timeout") {
          clearTimeout(timer);
          timer = setTimeout(resolve, 150);
        }
      };
    });
    clearTimeout(timer);
    this.#listener = () => {};
    return result;
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.close();
    await closed;
  }

  #send(channel: string, type: string, content: Record<string, unknown>): string {
    const id = crypto.randomUUID();
    const header = {
      msg_id: id,
      msg_type: type,
      username: "test",
      session: this.#session,
      date: new Date().toISOString(),
      version: "5.3",
    };
    const message = { header, parent_header: {}, metadata: {}, content, buffers: [], channel };
    this.#socket.send(JSON.stringify(message));
    return id;
  }
}

const project = (module: string) => JSON.stringify({ links: [module], lock: false });

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null" }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
}

async function runs(program: string, ...args: string[]): Promise<boolean> {
  const command = new Deno.Command(program, { args, stdout: "null", stderr: "null" });
  return await command.output().then(({ success }) => success, () => false);
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
