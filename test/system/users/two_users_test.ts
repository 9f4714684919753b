import assert from "node:assert/strict";
import { test } from "../../support/tests.ts";
import { createWorld, oidcProvider, savedTokenFiles, type World } from "../../support/world.ts";
import { denoDir } from "../../../scripts/deno_dir.ts";

/** Unused user IDs. The attacker is a user of the same machine, without root's rights. */
const VICTIM = 61_001;
const ATTACKER = 61_002;

const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
if (!isRoot) {
  const line = "skipped: another user of this machine: only root can start programs as two users\n";
  Deno.stderr.writeSync(new TextEncoder().encode(line));
}

function asRoot(name: string, fn: () => Promise<void>): void {
  if (isRoot) test(name, fn, 120_000);
}

/** A machine with two users: a module that both can read, and a folder of the first one. */
class Machine implements AsyncDisposable {
  readonly #root: string;
  /** The victim's folder for saved values. Everybody may look into it: the files must protect themselves. */
  readonly directory: string;
  readonly #children: Deno.ChildProcess[] = [];

  private constructor(root: string) {
    this.#root = root;
    this.directory = `${root}/config`;
  }

  static async make(): Promise<Machine> {
    const root = await Deno.makeTempDir({ prefix: "onecell-users-" });
    await Deno.chmod(root, 0o755);
    const machine = new Machine(root);
    const module = new URL("../../../", import.meta.url).pathname;
    const downloads = await denoDir();
    const copy = async (...args: string[]) => {
      const { success, stderr } = await new Deno.Command("cp", { args }).output();
      assert(success, new TextDecoder().decode(stderr));
    };
    await Deno.mkdir(`${root}/cache`);
    // Links are cheap, if they are possible.
    const link = (from: string, to: string) =>
      copy("-rlL", from, to).catch(() => copy("-rfTL", from, to));
    await link(Deno.execPath(), `${root}/deno`);
    await link(`${downloads}/npm`, `${root}/cache/npm`);
    for (const name of ["mod.ts", "src", "deno.json", "deno.lock"]) {
      await copy("-r", `${module}${name}`, `${root}/${name}`);
    }
    await Deno.mkdir(`${root}/bin`);
    // A browser that stays in the list of processes for a while.
    await Deno.writeTextFile(`${root}/bin/xdg-open`, "#!/bin/sh\nsleep 20\n", { mode: 0o755 });
    for (const name of ["home", "config"]) {
      await Deno.mkdir(`${root}/${name}`, { mode: 0o755 });
      await Deno.chown(`${root}/${name}`, VICTIM, VICTIM);
    }
    await Deno.chown(`${root}/cache`, VICTIM, VICTIM);
    return machine;
  }

  at(name: string): string {
    return `${this.#root}/${name}`;
  }

  /** Starts the victim's program, which has the module as `auth`. */
  start(text: string, data: unknown): Deno.ChildProcess {
    const program = `const data = ${JSON.stringify(data)};\n` +
      `const auth = await import(${JSON.stringify(`file://${this.at("mod.ts")}`)});\n${text}`;
    // In a file, so that the attacker does not find the test's own arguments.
    const file = this.at(`home/program-${this.#children.length}.ts`);
    Deno.writeTextFileSync(file, program, { mode: 0o600 });
    Deno.chownSync(file, VICTIM, VICTIM);
    const child = new Deno.Command(this.at("deno"), {
      args: ["run", "-A", "--quiet", `--config=${this.at("deno.json")}`, file],
      uid: VICTIM,
      gid: VICTIM,
      env: {
        HOME: this.at("home"),
        PATH: `${this.at("bin")}:${Deno.env.get("PATH") ?? ""}`,
        DENO_DIR: this.at("cache"),
        DISPLAY: ":0",
        NO_COLOR: "1",
      },
      clearEnv: true,
      cwd: this.#root,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#children.push(child);
    return child;
  }

  /** Runs one to its end. Its last line is JSON. */
  async run(text: string, data: unknown): Promise<unknown> {
    const { stdout, stderr } = await this.start(text, data).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    try {
      return JSON.parse(lines.at(-1) ?? "");
    } catch {
      throw new Error(`the victim's program failed: ${new TextDecoder().decode(stderr)}`);
    }
  }

  /** The output of the attacker's shell. */
  attack(script: string, ...args: string[]): Promise<string> {
    return this.#shell(ATTACKER, script, ...args);
  }

  /** The response for a user who opens an address: the status line, the headers and the page. */
  open(user: number, address: string): Promise<string> {
    const { host, port, pathname, search } = new URL(address);
    const request =
      `GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
    const script = 'exec 3<>"/dev/tcp/127.0.0.1/$1"; printf %s "$2" >&3; cat <&3';
    return this.#shell(user, 'bash -c "$1" bash "$2" "$3"', script, port, request);
  }

  async #shell(user: number, script: string, ...args: string[]): Promise<string> {
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", script, "sh", ...args],
      uid: user,
      gid: user,
      cwd: "/",
      stdin: "null",
      stderr: "null",
    }).output();
    return new TextDecoder().decode(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      try {
        child.kill();
      } catch {
        // It has ended.
      }
    }
    await Deno.remove(this.#root, { recursive: true });
  }
}

const SIGN_IN = `
  const { currentRuntime } = await import(${"`${data.module}`"});
  const runtime = await currentRuntime();
  const person = {
    kind: "terminal", browserIsLocal: true, ask: () => null,
    show: async (card) => { if (card.kind === "link") Deno.writeTextFileSync(data.link, card.url), Deno.writeTextFileSync(data.link + ".note", card.note); },
    open: (url) => runtime.openBrowser(url),
    interruptible: (wait) => wait(new AbortController().signal),
  };
  const session = await auth.getSession(data.provider, { ...data.options, person });
  console.log(JSON.stringify({ account: session.account }));
`;

const CACHED = `
  try {
    const session = await auth.getSession(data.provider, { ...data.options, interactive: false });
    console.log(JSON.stringify({ token: await session.token() }));
  } catch (error) {
    console.log(JSON.stringify({ code: error.code, message: error.message }));
  }
`;

function dataOf(machine: Machine, world: World): Record<string, unknown> {
  return {
    module: `file://${machine.at("src/runtime/current.ts")}`,
    link: machine.at("home/link"),
    provider: oidcProvider(world),
    options: { directory: machine.directory, credentials: world.credentials },
  };
}

asRoot(
  "another user of the machine learns nothing about a sign-in, and reads no file (trust 12, 13)",
  async () => {
    await using machine = await Machine.make();
    await using world = await createWorld("oidc");
    const data = dataOf(machine, world);
    const victim = machine.start(SIGN_IN, data);
    const outcome = victim.output();
    // The attacker reads the arguments of every process, again and again.
    let entrance: string | undefined;
    let seen = "";
    for (let tries = 0; entrance === undefined && tries < 300; tries++) {
      seen = await machine.attack("cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'");
      const [, after = ""] = seen.split(`${machine.at("bin/xdg-open")}\n`);
      entrance = /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/m.exec(after.split("\n")[0] ?? "")?.[0];
    }
    assert(entrance !== undefined, "the browser was started");
    const link = new URL(await Deno.readTextFile(machine.at("home/link")));
    for (const name of ["state", "code_challenge", "nonce", "redirect_uri"]) {
      const value = link.searchParams.get(name) ?? "";
      assert(value.length > 3, name);
      assert(!seen.includes(value) && !seen.includes(encodeURIComponent(value)), name);
    }
    assert(!seen.includes("code_challenge"));
    // Only the victim can read their environment, which may contain secrets.
    assert.equal(await machine.attack(`cat /proc/${victim.pid}/environ`), "");

    // A response without this sign-in's state does not end it, even if somebody knows the port.
    const { origin } = new URL(entrance);
    for (const query of ["?code=stolen&state=guessed", "?code=stolen", "?error=access_denied"]) {
      const path = new URL(link.searchParams.get("redirect_uri") ?? "").pathname;
      const answer = await fetch(`${origin}${path}${query}`);
      await answer.body?.cancel();
      assert.equal(answer.status, 400, query);
    }
    // The attacker may open the address first. They are refused, and the victim can still use it.
    const refused = await machine.open(ATTACKER, entrance);
    assert.match(refused, /^HTTP\/1\.1 403 /);
    assert(!refused.includes("state=") && !refused.includes(link.host), refused);
    assert(
      (await Deno.readTextFile(machine.at("home/link.note"))).includes("was refused"),
      "and the person is told",
    );
    // The address works once. The second visitor gets only a page that says so.
    const entered = await machine.open(VICTIM, entrance);
    assert(entered.startsWith("HTTP/1.1 302 ") && entered.includes(link.href), entered);
    const second = await fetch(entrance, { redirect: "manual" });
    assert.equal(second.status, 410);
    assert(!(await second.text()).includes(link.searchParams.get("state") ?? ""));
    const note = await Deno.readTextFile(machine.at("home/link.note"));
    assert(note.includes("opened twice"), "and the person is told");
    const wrong = await fetch(`${origin}/${"A".repeat(32)}`, { redirect: "manual" });
    assert.equal((await wrong.text()).includes("state="), false);
    assert.equal(wrong.status, 404);

    await (await fetch(await world.sandbox.completeSignIn(link.href))).body?.cancel();
    const { stdout, stderr } = await outcome;
    assert.match(new TextDecoder().decode(stdout), /account/, new TextDecoder().decode(stderr));

    // Everything that is saved, and the leftovers of a killed writer.
    const leftover = `${machine.directory}/onecell/.onecell-${"0".repeat(32)}.tmp`;
    await Deno.writeTextFile(leftover, "left", { mode: 0o600 });
    await Deno.chown(leftover, VICTIM, VICTIM);
    await machine.run(
      `await auth.saveCredentials(data.provider, { client_id: "c", client_secret: "s3cret-s3cret" }, {
        directory: data.options.directory });
      console.log("null");`,
      data,
    );
    const files = await filesBelow(machine.directory);
    assert(files.some((path) => path.endsWith("/app_credentials")), files.join());
    assert(files.some((path) => path.endsWith("/lock.sqlite")), files.join());
    assert(files.some((path) => path.endsWith(".json")), files.join());
    for (const path of files) {
      const { mode, uid } = await Deno.lstat(path);
      assert.deepEqual([(mode ?? 0) & 0o777, uid], [0o600, VICTIM], path);
      assert.equal(await machine.attack('cat "$1"', path), "", path);
      assert.equal(await machine.attack('echo x >> "$1" && echo written', path), "", path);
    }
    assert.equal(await machine.attack('ls "$1"', `${machine.directory}/onecell`), "");

    // The session has ended, and none of its files is left.
    const report = await machine.run(
      `const session = await auth.getSession(data.provider, { ...data.options, interactive: false });
      await session.logout();
      console.log("null");`,
      data,
    );
    assert.equal(report, null);
    const left = (await filesBelow(machine.directory)).filter((path) => /\.(tmp|json)$/.test(path));
    assert.deepEqual(left, []);
  },
);

asRoot("files planted by another user are not used, under any name (trust 4, 14)", async () => {
  await using machine = await Machine.make();
  await using world = await createWorld("oidc", { client: "oidc.client_secret_post" });
  const provider = oidcProvider(world, {
    grant: "client_credentials",
    clientAuthentication: "client_secret_post",
    scope: "api:read",
    authorizationParameters: {},
  });
  const data = {
    provider,
    options: { directory: machine.directory, credentials: world.credentials },
  };
  const first = await machine.run(CACHED, data) as { token?: string };
  assert(first.token, JSON.stringify(first));
  const [path = ""] = await savedTokenFiles(machine.directory);
  const token = JSON.parse(await Deno.readTextFile(path));
  const planted = JSON.stringify({ ...token, access_token: "planted-token-1" });
  const name = path.split("/").at(-1) ?? "";

  // A folder that everybody may write to, where the attacker was first.
  for (const file of [name, `${earlierName(token.key)}.json`]) {
    const shared = machine.at(`shared-${file.length}`);
    await Deno.mkdir(shared);
    await Deno.chmod(shared, 0o1777);
    const made = await machine.attack(
      'mkdir -m 777 "$1/onecell" && printf %s "$3" > "$1/onecell/$2" && chmod 644 "$1/onecell/$2" && echo made',
      shared,
      file,
      planted,
    );
    assert.equal(made, "made\n");
    const answer = await machine.run(CACHED, {
      ...data,
      options: { ...data.options, directory: shared },
    }) as { token?: string; code?: string };
    assert.notEqual(answer.token, "planted-token-1", file);
    assert(answer.token !== undefined || answer.code !== undefined, JSON.stringify(answer));
  }

  // App credentials of another user are refused, and the file is named.
  const shared = machine.at("shared-credentials");
  await Deno.mkdir(shared);
  await Deno.chmod(shared, 0o1777);
  await machine.attack(
    'printf %s "$2" > "$1/app_credentials" && chmod 644 "$1/app_credentials"',
    shared,
    JSON.stringify({ client_id: "attacker", client_secret: "attacker-secret" }),
  );
  const before = world.sandbox.requests.length;
  const refused = await machine.run(CACHED, { provider, options: { directory: shared } }) as {
    code?: string;
    message?: string;
  };
  assert.equal(refused.code, "credentials_damaged", JSON.stringify(refused));
  assert(refused.message?.includes("belongs to another user"), refused.message);
  const sent = world.sandbox.requests.slice(before).filter(({ url }) => url.includes("token"));
  assert.deepEqual(sent, [], "nothing was sent");
});

/** Every file below a folder. */
async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) files.push(...await filesBelow(path));
    else files.push(path);
  }
  return files;
}

/** The file name of a token in earlier versions: two FNV-1a hashes, which can be forged. */
function earlierName(key: string): string {
  const hash = (start: number) => {
    let hash = start;
    for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    return (hash >>> 0).toString(16).padStart(8, "0");
  };
  return hash(0x811c9dc5) + hash(0x62b82175);
}
