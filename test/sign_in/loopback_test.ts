import assert from "node:assert/strict";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { signInByPerson } from "../../src/sign_in/sign_in.ts";
import { type FakeServer, fakeServer, json, tokenAnswer } from "../support/fake_server.ts";
import { grantParts, plainProvider } from "../support/parts.ts";
import { onLink, scriptedPerson } from "../support/person.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const ISSUER = "https://auth.example.com";

/** A server that publishes metadata and accepts any code. */
function authorizationServer(onToken: () => Promise<void> = () => Promise.resolve()): FakeServer {
  return fakeServer(async ({ url }, number) => {
    if (url.pathname.startsWith("/.well-known/")) {
      return json({
        issuer: ISSUER,
        authorization_endpoint: `${ISSUER}/authorize`,
        token_endpoint: `${ISSUER}/token`,
      });
    }
    await onToken();
    return tokenAnswer(number);
  });
}

/** Signs in by a redirect. `act` plays the person who knows the link. */
async function start(
  server: FakeServer,
  act: (link: Link) => unknown,
  extra: { runtime?: Runtime; redirectUri?: string } = {},
) {
  const provider = plainProvider({
    grant: "authorization_code",
    methods: ["browser"],
    issuer: ISSUER,
    endpoints: {},
    ...(extra.redirectUri === undefined ? {} : { redirectUri: extra.redirectUri }),
  });
  let acted = false;
  const actOnce = (url: string) => acted || (acted = true, act(read(url)));
  const person = scriptedPerson({ browserIsLocal: true, onShow: onLink(actOnce) });
  const parts = {
    grants: grantParts(server.fetch, { provider, values: { client_id: "client" } }),
    person,
    runtime: extra.runtime ?? await currentRuntime(),
    method: undefined,
  };
  return { person, outcome: signInByPerson(parts) };
}

/** The details of a link: the address to return to, and the parameters. */
interface Link {
  callback: URL;
  state: string;
  challenge: string;
  method: string;
}

function read(url: string): Link {
  const { searchParams } = new URL(url);
  const value = (name: string) => searchParams.get(name) ?? assert.fail(`no ${name}`);
  return {
    callback: new URL(value("redirect_uri")),
    state: value("state"),
    challenge: value("code_challenge"),
    method: value("code_challenge_method"),
  };
}

/** Sends a raw request to the port, with any header. Returns the status. */
async function knock(
  { callback }: Link,
  query: Record<string, string> | string,
  { host = callback.host, method = "GET", path = callback.pathname, to = "127.0.0.1" } = {},
): Promise<number> {
  using connection = await Deno.connect({ hostname: to, port: Number(callback.port) });
  const search = typeof query === "string" ? query : String(new URLSearchParams(query));
  const request =
    `${method} ${path}?${search} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(64);
  const size = await connection.read(buffer) ?? 0;
  return Number(new TextDecoder().decode(buffer.subarray(0, size)).split(" ")[1]);
}

test("loopback: other requests are refused, and the real response still works", async () => {
  const server = authorizationServer();
  let asked: Link | undefined;
  const { outcome, person } = await start(server, async (link) => {
    asked = link;
    const { state, callback } = link;
    const good = { code: "good", state };
    await eachRow(
      [
        { name: "no state", status: 400, query: { code: "evil" } },
        { name: "wrong state", status: 400, query: { code: "evil", state: "guess" } },
        { name: "two states", status: 400, query: `code=evil&state=${state}&state=x` },
        { name: "empty state", status: 400, query: { code: "evil", state: "" } },
        {
          name: "wrong iss",
          status: 400,
          query: { code: "evil", state, iss: "https://evil.example" },
        },
        { name: "no code", status: 400, query: { state } },
        { name: "a refusal without state", status: 400, query: { error: "access_denied" } },
        { name: "another path", status: 404, query: good, path: "/" },
        { name: "POST", status: 404, query: good, method: "POST" },
        { name: "HEAD", status: 404, query: good, method: "HEAD" },
        { name: "foreign Host", status: 421, query: good, host: "evil.example" },
        { name: "Host of another port", status: 421, query: good, host: "127.0.0.1:1" },
        { name: "Host by name", status: 421, query: good, host: `localhost:${callback.port}` },
        { name: "no Host", status: 421, query: good, host: "" },
      ],
      async ({ status, query, ...how }) => assert.equal(await knock(link, query, how), status),
      1,
    );
    assert.equal(await knock(link, { ...good, iss: ISSUER }), 200);
  });
  await outcome;
  await person.settled();
  // Seen at authlib#525: a refusal without state does not end the sign-in, but the card shows it.
  const notes = person.shown.map((state) => state.kind === "link" ? state.note : "");
  assert.match(notes[1] ?? "", /may have refused \(access_denied\).*still waiting/);
  assert.equal(person.shown.length, 2, "once");
  const exchange = server.arrivals.filter(({ url }) => url.pathname === "/token");
  assert.deepEqual(exchange.map(({ form }) => form.get("code")), ["good"]);
  assert.equal(asked?.method, "S256");
  const verifier = new TextEncoder().encode(exchange[0]?.form.get("code_verifier") ?? "");
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", verifier));
  assert.equal(hash.toBase64({ alphabet: "base64url", omitPadding: true }), asked?.challenge);
});

test("loopback: the first response counts; a different one is refused, a repeated one gets the same page", async () => {
  let link: Link | undefined;
  const later: number[] = [];
  // The code is being exchanged, and the port is still open.
  const server = authorizationServer(async () => {
    assert(link);
    const { state } = link;
    later.push(await knock(link, { code: "second", state }));
    later.push(await knock(link, { error: "access_denied", state }));
    later.push(await knock(link, { code: "first", state }));
  });
  const { outcome, person } = await start(server, async (shown) => {
    link = shown;
    assert.equal(await knock(link, { code: "first", state: link.state }), 200);
  });
  await outcome;
  await person.settled();
  assert.deepEqual(later, [400, 400, 200]);
  assert.deepEqual(server.arrivals.flatMap(({ form }) => form.get("code") ?? []), ["first"]);
});

test("loopback: only this machine's own address is listened on, and no longer than needed", async () => {
  let link: Link | undefined;
  const { outcome, person } = await start(authorizationServer(), async (shown) => {
    link = shown;
    const elsewhere = Deno.networkInterfaces().map(({ address, name }) =>
      address.startsWith("fe80") ? `${address}%${name}` : address
    ).filter((address) => address !== "127.0.0.1");
    // On Linux, all of 127/8 is this machine.
    if (Deno.build.os === "linux") elsewhere.push("127.0.0.2");
    assert(elsewhere.length > 0, "there is no other address to try");
    for (const to of elsewhere) {
      await assert.rejects(knock(shown, { code: "good", state: shown.state }, { to }), to);
    }
    assert.equal(await knock(shown, { code: "good", state: shown.state }), 200);
  });
  await outcome;
  await person.settled();
  assert(link);
  await assert.rejects(knock(link, {}), Deno.errors.ConnectionRefused);
});

test("loopback: the port is also closed after a refusal, a stop and a failed exchange", () =>
  eachRow(
    [
      { name: "declined", code: "login_refused" },
      { name: "stopped", code: "aborted" },
      { name: "exchange fails", code: "grant_refused" },
      { name: "a connection that says nothing", code: "aborted" },
    ] as const,
    async ({ name, code }) => {
      let link: Link | undefined;
      let silent: Deno.TcpConn | undefined;
      const server = fakeServer(({ url }) =>
        url.pathname === "/token" ? json({ error: "invalid_grant" }, 400) : json({
          issuer: ISSUER,
          authorization_endpoint: `${ISSUER}/a`,
          token_endpoint: `${ISSUER}/token`,
        })
      );
      const { outcome, person } = await start(server, async (shown) => {
        link = shown;
        const { state } = shown;
        if (name === "declined") await knock(shown, { error: "access_denied", state });
        else if (name === "exchange fails") await knock(shown, { code: "used", state });
        else {
          const port = Number(shown.callback.port);
          if (name.startsWith("a connection")) silent = await Deno.connect({ port });
          person.stop(new DOMException("stopped", "AbortError"));
        }
      });
      const started = performance.now();
      await rejects(outcome, code);
      assert(performance.now() - started < 5_000, "a silent connection kept it open");
      await person.settled();
      silent?.close();
      assert(link);
      await assert.rejects(knock(link, {}), Deno.errors.ConnectionRefused);
      assert.equal(person.shown.at(-1)?.kind, "failed");
    },
  ));

test("loopback: localhost is listened on at both of its addresses, if there are two", async () => {
  const { outcome, person } = await start(authorizationServer(), async (link) => {
    assert.equal(link.callback.hostname, "localhost");
    const hasIpv6 = Deno.networkInterfaces().some(({ address }) => address === "::1");
    const { state } = link;
    if (hasIpv6) assert.equal(await knock(link, { state }, { to: "::1" }), 400);
    assert.equal(await knock(link, { code: "good", state }), 200);
  }, { redirectUri: "http://localhost/done" });
  await outcome;
  await person.settled();
});

test("loopback: signs in on a machine without IPv6", async () => {
  const runtime = await currentRuntime();
  const without: Runtime = {
    ...runtime,
    serveLoopback: (host, port, handler) =>
      host === "::1"
        ? Promise.reject(Object.assign(new Error("no such address"), { code: "EADDRNOTAVAIL" }))
        : runtime.serveLoopback(host, port, handler),
  };
  const { outcome } = await start(authorizationServer(), async (link) => {
    assert.equal(await knock(link, { code: "good", state: link.state }), 200);
  }, { redirectUri: "http://localhost/done", runtime: without });
  await outcome;
});

test("loopback: a port that is in use is named", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const redirectUri = `http://127.0.0.1:${port}/callback`;
  const { outcome } = await start(authorizationServer(), () => {}, { redirectUri });
  await rejects(outcome, "unsupported", new RegExp(`port ${port}`));
});

/** A line of /proc/net/tcp: one end of a connection, its user and its file. */
const end = (local: string, remote: string, user: number, file = 4711) =>
  `  12: ${local} ${remote} 01 00000000:00000000 00:00000000 00000000 ${user}        0 ${file} 1 0`;
const V4 = ["0100007F:9C31", "0100007F:CC48"] as const;
const MAPPED = ["0000000000000000FFFF00000100007F:9C31", "0000000000000000FFFF00000100007F:CC48"];
const V6 = ["00000000000000000000000001000000:9C31", "00000000000000000000000001000000:CC48"];

test("loopback: another user of the machine gets nothing, if the system can tell (trust 12)", () =>
  eachRow([
    { name: "the same user", tcp: [end(V4[0], V4[1], 1000), end(V4[1], V4[0], 1000)], is: 302 },
    { name: "another", tcp: [end(V4[0], V4[1], 1000), end(V4[1], V4[0], 1001)], is: 403 },
    { name: "another, listed first", tcp: [end(V4[1], V4[0], 1), end(V4[0], V4[1], 9)], is: 403 },
    {
      name: "another, over IPv6",
      tcp6: [end(V6[0] ?? "", V6[1] ?? "", 1000), end(V6[1] ?? "", V6[0] ?? "", 1001)],
      is: 403,
    },
    {
      name: "another, by a mapped address",
      tcp: [end(V4[0], V4[1], 1000)],
      tcp6: [end(MAPPED[1] ?? "", MAPPED[0] ?? "", 1001)],
      is: 403,
    },
    {
      name: "another, from 127.0.0.2, behind a connection of the same port",
      tcp: [
        end(V4[0], V4[1], 1000),
        end(V4[1], V4[0], 1000),
        end("0200007F:CC48", V4[0], 1001),
      ],
      is: 403,
    },
    { name: "root", tcp: [end(V4[0], V4[1], 1000), end(V4[1], V4[0], 0)], is: 302 },
    {
      name: "a user from outside a container",
      tcp: [end(V4[0], V4[1], 1000), end(V4[1], V4[0], 65534)],
      is: 302,
    },
    { name: "who has hung up", tcp: [end(V4[0], V4[1], 1000), end(V4[1], V4[0], 0, 0)], is: 403 },
    {
      name: "a system that does not number files",
      tcp: [end(V4[0], V4[1], 0, 0), end(V4[1], V4[0], 1001, 0)],
      is: 302,
    },
    { name: "a list without it", tcp: [end(V4[0], "0100007F:0001", 1000)], is: 302 },
    { name: "no lists", is: 302 },
    { name: "rubbish", tcp: ["\u0000", "12: 0100007F:9C31"], is: 302 },
    {
      name: "another system",
      platform: "darwin" as const,
      tcp: [end(V4[0], V4[1], 1000), end(V4[1], V4[0], 1001)],
      is: 302,
    },
  ], async ({ tcp, tcp6, is, platform = "linux" as const }) => {
    const runtime = await currentRuntime();
    const lists: Record<string, string[] | undefined> = {
      "/proc/net/tcp": tcp,
      "/proc/net/tcp6": tcp6,
    };
    const machine: Runtime = {
      ...runtime,
      platform,
      files: {
        ...runtime.files,
        readTextIfAllowed: (path) => lists[path]?.join("\n"),
      },
      serveLoopback: (host, port, handler) =>
        runtime.serveLoopback(host, port, (request, ends) =>
          // This test is only about who opens the address.
          handler(request, request.url.includes("state=") ? ends : { from: 0xcc48, to: 0x9c31 })),
    };
    let opened: [number, string] | undefined;
    const { outcome, person } = await start(authorizationServer(), async (link) => {
      while (person.opened.length === 0) await new Promise((done) => setTimeout(done, 1));
      const answer = await fetch(person.opened[0] ?? "", { redirect: "manual" });
      opened = [answer.status, answer.headers.get("location") ?? await answer.text()];
      await answer.body?.cancel().catch(() => {});
      await knock(link, { code: "good", state: link.state });
    }, { runtime: machine });
    await outcome;
    assert.equal(opened?.[0], is);
    assert.equal(opened[1].includes("state="), is === 302);
    const wasTold = JSON.stringify(person.shown).includes("was refused");
    assert.equal(wasTold, is === 403);
  }));

test("loopback: the address that a browser opens works once; the second visitor is told", async () => {
  const answers: [number, boolean][] = [];
  const { outcome, person } = await start(authorizationServer(), async (link) => {
    while (person.opened.length === 0) await new Promise((done) => setTimeout(done, 1));
    for (let time = 0; time < 2; time++) {
      const answer = await fetch(person.opened[0] ?? "", { redirect: "manual" });
      answers.push([answer.status, answer.headers.has("location")]);
      await answer.body?.cancel();
    }
    await knock(link, { code: "good", state: link.state });
  });
  await outcome;
  assert.deepEqual(answers, [[302, true], [410, false]]);
  assert.match(JSON.stringify(person.shown), /was opened twice/);
});
