import assert from "node:assert/strict";
import { TestFolder } from "../support/folder.ts";
import { STRICT } from "../support/long.ts";
import { allRuntimes, skip } from "../support/runtimes.ts";
import { WorkerProcess } from "../support/worker_process.ts";

const WORKER = new URL("worker.ts", import.meta.url);

Deno.test({
  name: "every runtime reports the same about files, errors and itself",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    await Deno.writeTextFile(folder.at("there"), "abc", { mode: 0o640 });
    await Deno.symlink(folder.at("there"), folder.at("link"));
    await Deno.symlink(folder.at("loop"), folder.at("loop"));
    await new Deno.Command("mkfifo", { args: [folder.at("pipe")] }).output();
    for (const runtime of await allRuntimes()) {
      const environment = { PATH: Deno.env.get("PATH") ?? "", HOME: "/home/ada" };
      const worker = new WorkerProcess(WORKER, ["facts", folder.path], {
        runtime,
        environment: { ...environment, DENO_DIR: Deno.env.get("DENO_DIR") ?? folder.at("cache") },
      });
      assert.deepEqual(await worker.answer(), {
        name: runtime.name,
        platform: Deno.build.os,
        home: "/home/ada",
        environment: ["set", "set"],
        terminal: [false, false],
        asked: null,
        there: {
          isFile: true,
          isDirectory: false,
          isSymlink: false,
          mode: 0o640,
          owner: Deno.uid(),
        },
        link: true,
        missing: null,
        same: true,
        kinds: {
          missing: "not_found",
          exists: "exists",
          link: "symlink",
          loop: "symlink",
          folder: "not_text",
          large: "not_text",
          pipe: "not_text",
          full: "no_space",
        },
      });
    }
  },
});

Deno.test({
  name: "a first interrupt is caught, and the next one ends the process",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      const worker = new WorkerProcess(WORKER, ["interrupted"], { runtime });
      assert.equal(await worker.next(), "waiting");
      worker.signal("SIGINT");
      assert.equal(await worker.next(), "interrupted");
      worker.signal("SIGINT");
      assert.equal(await worker.next(), null, `${runtime.name} went on`);
      assert.equal((await worker.end()).signal, "SIGINT");
    }
  },
});

Deno.test({
  name: "row 23: the loopback server listens only on its own address, and closes afterwards",
  ...STRICT,
  async fn() {
    for (const runtime of await allRuntimes()) {
      for (const hostname of ["127.0.0.1", "::1"]) {
        if (hostname === "::1" && !await hasIpv6()) continue;
        const worker = new WorkerProcess(WORKER, ["serve", hostname], { runtime });
        const { port } = await worker.next<{ port: number }>() ?? { port: 0 };
        const host = hostname === "::1" ? "[::1]" : hostname;
        const url = `http://${host}:${port}`;
        const client = Deno.createHttpClient({ allowHost: true });
        const ask = async (path: string, init: RequestInit = {}) => {
          const response = await fetch(url + path, { ...init, client });
          return [response.status, response.headers.get("x-test"), await response.text()];
        };
        assert.deepEqual(await ask("/a?b=c"), [201, "yes", `GET ${host}:${port} /a?b=c `]);
        const posted = await ask("/form", { method: "POST", body: "x=y" });
        assert.deepEqual(posted, [201, "yes", `POST ${host}:${port} /form x=y`]);
        const foreign = await ask("/", { headers: { host: "evil.example" } });
        assert.deepEqual(foreign, [201, "yes", "GET evil.example / "]);
        // The ports show which user is at the other end, if the system lists connections.
        const knocking = await connect(hostname, port) as Deno.TcpConn;
        await knocking.write(
          new TextEncoder().encode(`GET /ends HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`),
        );
        const ends = await new Response(knocking.readable).text();
        const from = (knocking.localAddr as Deno.NetAddr).port;
        assert(ends.includes(JSON.stringify({ from, to: port })), `${runtime.name}: ${ends}`);
        const [status, , text] = await ask("/fail");
        assert.deepEqual([status, text], [500, ""]);
        for (const other of ["127.0.0.2", hostname === "::1" ? "127.0.0.1" : "::1"]) {
          await assert.rejects(connect(other, port), `${runtime.name} listens on ${other}`);
        }
        // Neither a silent connection nor an open one may prevent closing.
        const silent = await connect(hostname, port);
        await ask("/stop");
        client.close();
        const end = await worker.next<{ taken: boolean; closing: number }>();
        assert.ok(end?.taken, `${runtime.name} shares its port`);
        assert.ok(end.closing < 2000, `${runtime.name}: closed after ${end.closing} ms`);
        // Bun learns of a connection only when it sends something.
        if (runtime.name !== "bun") {
          assert.equal(await silent.read(new Uint8Array(9)).catch(() => null), null);
        }
        silent.close();
        assert.equal((await worker.end()).success, true);
        await assert.rejects(connect(hostname, port));
      }
    }
  },
});

function connect(hostname: string, port: number): Promise<Deno.Conn> {
  return Deno.connect({ hostname, port });
}

async function hasIpv6(): Promise<boolean> {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    await Promise.resolve(skip("loopback on ::1", "there is no IPv6 here"));
    return false;
  }
}

Deno.test({
  name: "a browser opens with the URL as one argument, and only for web addresses",
  ...STRICT,
  async fn() {
    const url = "https://a.example/x?a=1&b=$(touch%20y);c#'d";
    for (const runtime of await allRuntimes()) {
      for (const [exit, opened] of [[0, true], [3, false], [-1, false]] as const) {
        await using folder = await TestFolder.make();
        // A program with that name that records its arguments; none at all in the last case.
        const script = `#!/bin/sh\nprintf '%s\\n' "$#" "$@" > ${folder.at("args")}\nexit ${exit}\n`;
        if (exit >= 0) await Deno.writeTextFile(folder.at("xdg-open"), script, { mode: 0o755 });
        const environment = { PATH: `${folder.path}:/bin`, HOME: folder.path, DISPLAY: ":0" };
        const browse = (addresses: string[], more: Record<string, string> = {}) =>
          new WorkerProcess(WORKER, ["browser", ...addresses], {
            runtime,
            environment: { ...environment, ...more },
          }).answer();
        if (exit === -1 && await exists("/bin/xdg-open")) continue;
        assert.deepEqual(await browse([url]), [opened], `${runtime.name}, exit ${exit}`);
        if (exit !== 0) continue;
        assert.deepEqual(
          (await Deno.readTextFile(folder.at("args"))).trim().split("\n"),
          ["1", new URL(url).href],
        );
        await Deno.remove(folder.at("args"));
        const others = ["file:///etc/passwd", "javascript:alert(1)", "-h", ""];
        assert.deepEqual(await browse(others), others.map(() => false));
        assert.deepEqual(await browse([url], { DISPLAY: "" }), [false]);
        assert.ok(!(await exists(folder.at("args"))));
      }
    }
  },
});

Deno.test({
  name: "a browser inherits no secret from the environment (trust 15)",
  ...STRICT,
  async fn() {
    const secrets = {
      CLIENT_SECRET: "s-1",
      SPATIAFI_CLIENT_SECRET: "s-2",
      PLANTPREDICT_OKTA_PASSWORD: "s-3",
      SPATIAFI_ACCESS_TOKEN: "s-4",
      // Own attack on trust 15: names that begin like a desktop's.
      PULSE_CLIENT_SECRET: "s-5",
      QT_WEATHER_PASSWORD: "s-6",
      KDE_ACCESS_TOKEN: "s-7",
      GNOME_API_KEY: "s-8",
      SSHPASS: "s-9",
      GPG_PASSPHRASE: "s-10",
      XDG_PRIVATE_KEY: "s-11",
      client_secret: "s-12",
      WEATHER_TICKET: "s-13",
    };
    const needed = {
      DISPLAY: ":0",
      XDG_SESSION_ID: "7",
      DBUS_SESSION_BUS_ADDRESS: "unix:path=/none",
      SSH_AUTH_SOCK: "/none",
      XAUTHORITY: "/none",
      GNOME_KEYRING_CONTROL: "/none",
      PULSE_COOKIE: "/none",
      CLIENT_ID: "c-1",
    };
    // What this module has set, as `loadCredentials` does: only known open values stay.
    const written = { WEATHER_STATION: "s-14", XDG_SITE: "s-15", WEATHER_CLIENT_ID: "c-2" };
    for (const runtime of await allRuntimes()) {
      await using folder = await TestFolder.make();
      const script = `#!/bin/sh\nenv > ${folder.at("env")}\n`;
      await Deno.writeTextFile(folder.at("xdg-open"), script, { mode: 0o755 });
      const browser = new WorkerProcess(WORKER, ["browserAfter", written, "https://a.example/"], {
        runtime,
        environment: { PATH: `${folder.path}:/bin`, HOME: folder.path, ...needed, ...secrets },
      });
      assert.deepEqual(await browser.answer(), [true], runtime.name);
      const inherited = await Deno.readTextFile(folder.at("env"));
      for (const [name, value] of Object.entries(needed)) {
        assert(inherited.includes(`${name}=${value}\n`), `${runtime.name}: ${name}`);
      }
      assert(inherited.includes("WEATHER_CLIENT_ID=c-2\n"), runtime.name);
      for (const name of [...Object.keys(secrets), "WEATHER_STATION", "XDG_SITE"]) {
        assert(!new RegExp(`^${name}=.`, "m").test(inherited), `${runtime.name}: ${name}`);
      }
    }
  },
});

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

Deno.test({
  name: "a program runs without a shell, and ends with its signal, in every runtime",
  ...STRICT,
  async fn() {
    await using folder = await TestFolder.make();
    const large = "head -c 300000 /dev/zero | tr '\\0' x";
    const commands = [
      { command: ["printf", "%s|", "a b", "$HOME", "; echo x", "*"] },
      { command: ["sh", "-c", 'printf "%s %s" "$ONECELL_SEEN" "${ONECELL_HIDDEN-}"; exit 3'] },
      { command: ["sh", "-c", "cat; echo read nothing"] },
      { command: ["no-such-program-of-onecell"] },
      { command: ["sh", "-c", large] },
      // Its child keeps the output open, but the call does not wait for it.
      { command: ["sh", "-c", "sleep 8 & sleep 8"], stopAfter: 300 },
    ];
    for (const runtime of await allRuntimes()) {
      const environment = { PATH: Deno.env.get("PATH") ?? "", HOME: "/home/ada" };
      const worker = new WorkerProcess(WORKER, ["programs", commands], {
        runtime,
        environment: { ...environment, DENO_DIR: Deno.env.get("DENO_DIR") ?? folder.at("cache") },
      });
      assert.deepEqual(await worker.answer(), [
        { code: 0, output: "a b|$HOME|; echo x|*|" },
        { code: 3, output: "seen " },
        { code: 0, output: "read nothing\n" },
        "not_found",
        {
          message: "The output is larger than 256 KB.",
          late: false,
          code: "bad_response",
        },
        { message: "enough", late: false },
      ], runtime.name);
    }
  },
});

Deno.test({
  name: "Deno runs a program only with permission, and does not prompt for it",
  ...STRICT,
  async fn() {
    const program = `
      import { currentRuntime } from "${new URL("../../src/runtime/current.ts", import.meta.url)}";
      const runtime = await currentRuntime();
      const run = (...command) => runtime.runProgram(command, { signal: AbortSignal.timeout(5000), without: [] })
        .then(({ output }) => output, ({ code, message }) => [code, message]);
      console.log(JSON.stringify([await run("printf", "x"), await run("cat", "/etc/passwd")]));
    `;
    await using folder = await TestFolder.make();
    await Deno.writeTextFile(folder.at("main.ts"), program);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-read", "--allow-run=printf", "--no-lock", folder.at("main.ts")],
      stdin: "null",
      stderr: "inherit",
    }).output();
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), [
      "x",
      ["permission_denied", 'Deno may not run "cat". Run with --allow-run=cat.'],
    ]);
  },
});
