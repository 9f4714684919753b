import assert from "node:assert/strict";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../examples/sandbox/mod.ts";
import { TestFolder } from "../support/folder.ts";
import { DENO, type TestRuntime } from "../support/runtimes.ts";
import { denoDir } from "../../scripts/deno_dir.ts";

/** The result of one command. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run a command. */
export interface RunOptions {
  /** Standard input; empty by default. */
  input?: string;
  env?: Record<string, string>;
  /** The runtime; this Deno by default. */
  runtime?: TestRuntime | undefined;
  /** Words before the command, such as a shell that limits it. */
  through?: string[];
  /** Called when it starts. */
  started?: (process: Deno.ChildProcess) => void;
}

/** A machine that has only `onecell`, and the systems it can reach. */
export class Machine implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly home: TestFolder;
  /** Values that only `token` may print. */
  readonly secrets: Set<string> = new Set();
  readonly #denoDirectory: string;

  private constructor(sandbox: Sandbox, home: TestFolder, denoDirectory: string) {
    this.sandbox = sandbox;
    this.home = home;
    this.#denoDirectory = denoDirectory;
    for (const { password } of sandbox.users) this.secrets.add(password);
    for (const { clientSecret, privateKeyPem } of Object.values(sandbox.clients)) {
      if (clientSecret !== undefined) this.secrets.add(clientSecret);
      if (privateKeyPem !== undefined) this.secrets.add(privateKeyPem);
    }
  }

  static async start(options: SandboxOptions): Promise<Machine> {
    return new Machine(await startSandbox(options), await TestFolder.make(), await denoDir());
  }

  /** The environment of every command. */
  environment(more: Record<string, string> = {}): Record<string, string> {
    return {
      PATH: Deno.env.get("PATH") ?? "",
      HOME: this.home.path,
      // The default is below the home folder, and this machine has its own home.
      DENO_DIR: this.#denoDirectory,
      DENO_NO_UPDATE_CHECK: "1",
      ...this.sandbox.environment,
      ...more,
    };
  }

  /** The words that start `onecell`. */
  get command(): string[] {
    return this.commandIn(DENO);
  }

  /** The words that start `onecell` in a runtime. Only Deno finds packages, so the others cannot sign in. */
  commandIn({ program, args }: TestRuntime): string[] {
    // With the lock, because an isolated machine cannot look up versions.
    const words = program === DENO.program ? ["run", "-A", "--quiet"] : args;
    return [program, ...words, new URL("../../src/cli.ts", import.meta.url).pathname];
  }

  /** Runs a command to its end, and checks its output for secrets. */
  async run(args: string[], options: RunOptions = {}): Promise<Ran> {
    const command = this.commandIn(options.runtime ?? DENO);
    const [program = "", ...words] = [...options.through ?? [], ...command];
    const process = new Deno.Command(program, {
      args: [...words, ...args],
      clearEnv: true,
      env: this.environment(options.env),
      cwd: this.home.path,
      stdin: options.input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (options.input !== undefined) {
      const writer = process.stdin.getWriter();
      await writer.write(new TextEncoder().encode(options.input));
      await writer.close().catch(() => {}); // it may have ended without reading
    }
    options.started?.(process);
    const { code, stdout, stderr } = await process.output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const ran = { code, stdout: decode(stdout), stderr: decode(stderr) };
    await this.checkHidden(args[0] === "token" ? ran.stderr : ran.stdout + ran.stderr);
    return ran;
  }

  /** Runs a command that must succeed. Returns its standard output. */
  async ok(args: string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    assert.equal(code, 0, `${args.join(" ")}: ${stderr}${stdout}`);
    assert.equal(stderr, "");
    return stdout;
  }

  /** A path below the home folder, as it is shown. */
  told(...names: string[]): string {
    return ["~", ...names].join("/");
  }

  /** Signs the first user in to SpatiaFi. */
  async login(): Promise<void> {
    const [user] = this.sandbox.users;
    assert(user);
    const args = ["login", "spatiafi", "--user", user.username, "--password-stdin"];
    await this.ok(args, { input: `${user.password}\n` });
  }

  /** Defines a system `mine` in the file `mine.json`. Returns its URLs and its credentials. */
  async ownSystem(): Promise<{ issuer: string; apiUrl: string; env: Record<string, string> }> {
    const { OIDC_ISSUER: issuer = "", OIDC_API_URL: apiUrl = "" } = this.sandbox.environment;
    const { clientId, clientSecret = "" } = this.sandbox.client("oidc.client_secret_post");
    const text = JSON.stringify({ name: "mine", issuer, apiUrl });
    await Deno.writeTextFile(this.home.at("mine.json"), text);
    const env = { MINE_CLIENT_ID: clientId, MINE_CLIENT_SECRET: clientSecret };
    return { issuer, apiUrl, env };
  }

  /** Fails if a text contains six characters in a row of a known or saved secret. */
  async checkHidden(text: string): Promise<void> {
    const secrets = new Set(this.secrets);
    for (const path of await this.files()) {
      let values: Record<string, unknown>;
      try {
        values = JSON.parse(await Deno.readTextFile(path));
      } catch {
        continue;
      }
      for (const [name, value] of Object.entries(values)) {
        if (!/secret|token$|password/.test(name) || typeof value !== "string") continue;
        // Tokens of one server begin alike, and the API may echo parts of them.
        secrets.add(value.split(".").at(-1) ?? value);
      }
    }
    for (const secret of secrets) {
      for (let at = 0; at + 6 <= secret.length; at++) {
        const part = secret.slice(at, at + 6);
        assert(!text.includes(part), `a part of a secret is shown:\n${text}`);
      }
    }
  }

  /** Every file below the home folder. */
  async files(folder = ""): Promise<string[]> {
    const found: string[] = [];
    for await (const entry of Deno.readDir(this.home.at(folder))) {
      const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory) found.push(...await this.files(name));
      else if (entry.isFile) found.push(this.home.at(name));
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox.stop();
    await this.home[Symbol.asyncDispose]();
  }
}
