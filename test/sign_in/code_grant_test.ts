import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import { fakeServer, json } from "../support/fake_server.ts";
import { TestFolder } from "../support/folder.ts";
import { jwt } from "../support/jwt.ts";
import { plainProvider } from "../support/parts.ts";
import { onLink, scriptedPerson } from "../support/person.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const ISSUER = "https://login.example.com/tenant";
const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  authorization_response_iss_parameter_supported: true,
};
const ENDPOINTS = { authorization: `${ISSUER}/authorize`, token: `${ISSUER}/token` };

/** A server that is as strict as RFC 6749 section 4.1.3 allows. */
function strictServer(asked: () => URLSearchParams, sendsIdToken: boolean) {
  return fakeServer(({ url, form }) => {
    if (url.pathname.includes("/.well-known/")) return json(METADATA);
    const request = asked();
    const isSame = form.get("redirect_uri") === request.get("redirect_uri");
    if (!isSame || form.get("code") !== "the/code=") return json({ error: "invalid_grant" }, 400);
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: ISSUER, aud: "client", sub: "ada", iat: now, exp: now + 60 };
    return json({
      access_token: "t",
      ...(sendsIdToken ? { id_token: jwt({ ...claims, nonce: request.get("nonce") }) } : {}),
    });
  });
}

const FREE_PORT = () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
};

const REDIRECTS = [
  { name: "default", uri: () => undefined },
  { name: "without a slash", uri: () => "http://localhost" },
  { name: "with a port, without a slash", uri: () => `http://localhost:${FREE_PORT()}` },
  { name: "with a slash", uri: () => "http://127.0.0.1/" },
  { name: "with a query", uri: () => `http://127.0.0.1:${FREE_PORT()}/cb?app=1` },
  { name: "in capitals", uri: () => "http://LOCALHOST/Callback" },
];

const ROWS = ["issuer", "endpoints", "endpoints and issuer"].flatMap((by) =>
  ["openid", "api"].flatMap((scope) =>
    [true, false].flatMap((sendsIss) =>
      (["browser", "paste"] as const).flatMap((method) =>
        REDIRECTS.map(({ name, uri }) => ({
          name: `by ${by}, ${scope}, ${sendsIss ? "iss" : "no iss"}, ${method}, redirect ${name}`,
          by,
          scope,
          sendsIss,
          method,
          uri,
        }))
      )
    )
  )
).filter(({ by, sendsIss }) => by !== "issuer" || sendsIss);

test("the code grant signs in by issuer and by endpoints, with every kind of redirect", () =>
  eachRow(ROWS, async ({ by, scope, sendsIss, method, uri }) => {
    await using folder = await TestFolder.make();
    let asked = new URLSearchParams();
    const server = strictServer(() => asked, scope === "openid");
    const redirectUri = uri();
    const provider = plainProvider({
      grant: "authorization_code",
      scope,
      ...(by === "issuer" ? { issuer: ISSUER, endpoints: {} } : { endpoints: ENDPOINTS }),
      ...(by === "endpoints and issuer" ? { issuer: ISSUER, discovery: false } : {}),
      ...(redirectUri === undefined ? {} : { redirectUri }),
    });
    const answer = () => {
      const target = asked.get("redirect_uri") ?? "";
      const query = new URLSearchParams({ code: "the/code=", state: asked.get("state") ?? "" });
      if (sendsIss) query.set("iss", ISSUER);
      return `${target}${target.includes("?") ? "&" : "?"}${query}`;
    };
    const person = scriptedPerson({
      browserIsLocal: true,
      answers: [answer],
      onShow: onLink(async (url) => {
        asked = new URL(url).searchParams;
        if (method === "browser") await (await fetch(answer())).body?.cancel();
      }),
    });
    const session = await getSession(provider, {
      credentials: { client_id: "client" },
      directory: folder.path,
      fetch: server.fetch,
      method,
      person,
    });
    await person.settled();
    assert.equal(await session.token(), "t");
    // Unchanged: no extra slash, and only a free port added.
    const sent = asked.get("redirect_uri") ?? "";
    if (redirectUri !== undefined) {
      const without = (text: string) => text.replace(/:\d+(?=\/|$)/, "");
      assert.equal(without(sent), without(redirectUri));
      if (method === "paste" || /:\d+/.test(redirectUri)) assert.equal(sent, redirectUri);
    }
    if (by !== "issuer") {
      assert(!server.arrivals.some(({ url }) => url.pathname.includes("well-known")));
    }
    if (scope === "openid") assert.equal(session.account, "ada");
  }, 8));

const REFUSED = [
  { name: "no iss where it is always sent", by: "issuer", iss: undefined },
  { name: "another iss", by: "issuer", iss: "https://evil.example" },
  { name: "another iss, by endpoints and issuer", by: "both", iss: "https://evil.example" },
];

test("the code grant: a response from another issuer is refused", () =>
  eachRow(REFUSED, async ({ by, iss }) => {
    await using folder = await TestFolder.make();
    const person = scriptedPerson({
      answers: [() => {
        const link = person.shown.findLast(({ kind }) => kind === "link");
        const state = new URL(link?.kind === "link" ? link.url : "").searchParams.get("state") ??
          "";
        return `http://127.0.0.1/callback?${new URLSearchParams({
          code: "the/code=",
          state,
          ...(iss === undefined ? {} : { iss }),
        })}`;
      }],
    });
    const server = strictServer(() => new URLSearchParams(), false);
    const session = getSession(
      plainProvider({
        grant: "authorization_code",
        issuer: ISSUER,
        ...(by === "both" ? { endpoints: ENDPOINTS, discovery: false } : { endpoints: {} }),
      }),
      {
        credentials: { client_id: "client" },
        directory: folder.path,
        fetch: server.fetch,
        method: "paste",
        person,
      },
    );
    await rejects(session, "state_mismatch");
    assert.equal(server.count("authorization_code"), 0);
  }));

/** Begins a sign-in by paste. Returns the link and the card. */
async function linkOf(input: Parameters<typeof plainProvider>[0], respond = () => json({})) {
  await using folder = await TestFolder.make();
  const server = fakeServer(({ url }) => url.pathname === "/par" ? respond() : json({}));
  const person = scriptedPerson({ answers: [""] });
  const outcome = await getSession(plainProvider({ grant: "authorization_code", ...input }), {
    credentials: { client_id: "client" },
    directory: folder.path,
    fetch: server.fetch,
    method: "paste",
    person,
  }).catch((error) => error);
  const card = person.shown.find(({ kind }) => kind === "link");
  return { outcome, server, url: new URL(card?.kind === "link" ? card.url : "about:blank") };
}

test("authorization parameters: prompt can be left out, and ours cannot be replaced", async () => {
  const scope = "offline_access";
  const prompt = async (authorizationParameters?: Record<string, string>) =>
    (await linkOf({ scope, ...(authorizationParameters ? { authorizationParameters } : {}) }))
      .url.searchParams.get("prompt");
  assert.equal(await prompt(), "consent");
  assert.equal(await prompt({ prompt: "" }), null);
  assert.equal(await prompt({ prompt: "select_account" }), "select_account");
  for (const name of ["response_type", "client_id", "state", "redirect_uri", "code_challenge"]) {
    assert.throws(
      () => plainProvider({ authorizationParameters: { [name]: "x" } }),
      /already sent/,
    );
  }
});

test("several resources are sent to both endpoints (RFC 8707)", async () => {
  const resource = ["https://a.example", "https://b.example"];
  const { url } = await linkOf({ resource });
  assert.deepEqual(url.searchParams.getAll("resource"), resource);
});

test("a pushed authorization request leaves only its request_uri in the link (RFC 9126)", () =>
  eachRow<{ name: string; answer: () => Response; code?: string }>([
    { name: "201", answer: () => json({ request_uri: "urn:x", expires_in: 60 }, 201) },
    { name: "200 without expires_in", answer: () => json({ request_uri: "urn:x" }) },
    {
      name: "numbers as text",
      answer: () => json({ request_uri: "urn:x", expires_in: "60" }, 201),
    },
    {
      name: "refused",
      answer: () => json({ error: "invalid_request" }, 400),
      code: "grant_refused",
    },
    { name: "no name", answer: () => json({}, 201), code: "bad_response" },
    {
      name: "an unknown client",
      answer: () => json({ error: "invalid_client" }, 401),
      code: "client_refused",
    },
  ], async ({ answer, code }) => {
    const { outcome, server, url } = await linkOf({
      scope: "api",
      pushedAuthorization: true,
      endpoints: {
        token: "/token",
        authorization: "/authorize",
        pushedAuthorization: "/par",
      },
    }, answer);
    assert.equal(outcome.code, code ?? "cancelled");
    const pushed = server.arrivals.find(({ url }) => url.pathname === "/par")?.form;
    assert.equal(pushed?.get("code_challenge_method"), "S256");
    assert.equal(pushed?.get("scope"), "api");
    if (code !== undefined) return;
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      client_id: "client",
      request_uri: "urn:x",
    });
  }));

test("a wrong paste is prompted for again, up to three times", () =>
  eachRow([
    { name: "rubbish", pastes: ["two words", "…"], tries: 3 },
    { name: "a code that was used", pastes: ["used-code", "older-code"], tries: 3 },
    {
      name: "an address of another sign-in",
      pastes: ["http://127.0.0.1/callback?code=x&state=y"],
      tries: 2,
    },
    { name: "a refusal", pastes: ["?error=access_denied"], tries: 2 },
  ], async ({ pastes, tries }) => {
    await using folder = await TestFolder.make();
    const person = scriptedPerson({ answers: [...pastes, "good%2Fcode&scope=api"] });
    const server = fakeServer(({ form }) =>
      form.get("code") === "good/code"
        ? json({ access_token: "t" })
        : json({ error: "invalid_grant" }, 400)
    );
    const session = await getSession(plainProvider({ grant: "authorization_code" }), {
      credentials: { client_id: "client" },
      directory: folder.path,
      fetch: server.fetch,
      method: "paste",
      person,
    });
    assert.equal(await session.token(), "t");
    assert.equal(person.asked.length, tries);
    assert.match(
      person.asked[1]?.text ?? "",
      /\. Paste the address from plain \(for auth\.example\.com\)$/,
      "why, and for whom",
    );
  }));
