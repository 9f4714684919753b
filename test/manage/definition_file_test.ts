import assert from "node:assert/strict";
import {
  definitionRows,
  definitionWarnings,
  downloadDefinition,
  examineDefinition,
} from "../../src/manage/definition_file.ts";
import { checkProvider } from "../../src/providers/define_provider.ts";
import { providers } from "../../src/providers/registry.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const weather = {
  name: "weather",
  title: "Weather",
  apiUrl: "https://api.weather.example",
  issuer: "https://login.weather.example",
};

test("examineDefinition() lists every mistake with its line", () => {
  const text = `{
  "name": "Weather",
  "apiUrl": "http://api.weather.example",
  "scopes": "a",
  "grant": "implicit",
  "endpoints": { "tokn": "x",
    "token": "/token" },
  "timeout": -1,
  "dpop": "yes",
  "folder": "gcloud",
  "enrolment": { "login": "https://a.example" }
}`;
  const { provider, faults } = examineDefinition(text);
  assert.equal(provider, undefined);
  const lines = faults.map(({ line, message }) => [line, /"([^"]+)"/.exec(message)?.[1]]);
  assert.deepEqual(
    lines.sort((one, other) => Number(one[0]) - Number(other[0])),
    [
      [2, "name"],
      [3, "apiUrl"],
      [4, "scopes"],
      [5, "grant"],
      [6, "endpoints.tokn"],
      [7, "endpoints.token"],
      [8, "timeout"],
      [9, "dpop"],
      [10, "folder"],
      [11, "enrolment.clients"],
    ],
  );
});

test("examineDefinition() returns for any input", () =>
  eachRow<{ name: string; text: string; says: RegExp; line?: number | undefined }>([
    { name: "nothing", text: "", says: /not valid JSON/, line: 1 },
    { name: "half", text: '{\n  "name": "a",\n', says: /not valid JSON/, line: 3 },
    { name: "a comma", text: '{\n"name": "a",\n}', says: /not valid JSON/, line: 3 },
    { name: "a number", text: "1", says: /at least name/ },
    { name: "a list", text: "[]", says: /at least name/ },
    { name: "null", text: "null", says: /at least name/ },
    { name: "an empty object", text: "{}", says: /"name" is missing/ },
    {
      name: "another program's name",
      text: JSON.stringify({ ...weather, name: "aws" }),
      says: /another system's secrets/,
      line: 1,
    },
    {
      name: "an exchange of nothing",
      text: JSON.stringify({ ...weather, grant: "token_exchange" }),
      says: /needs "subjectToken"/,
    },
    { name: "__proto__", text: '{"__proto__": {"name": 1}}', says: /"(name|__proto__)"/ },
    {
      name: "a field with two mistakes",
      text: JSON.stringify({ ...weather, defaults: { other_client_id: "x" } }),
      says: /"other_client_id"/,
    },
  ], ({ text, says, line }) => {
    const { provider, faults } = examineDefinition(text);
    assert.equal(provider, undefined);
    assert.match(faults.map(({ message }) => message).join("\n"), says);
    assert(faults.length < 5, JSON.stringify(faults));
    if (line !== undefined) assert.equal(faults[0]?.line, line);
  }));

test("definitionRows() lists the requested values, and where each secret is sent", () => {
  const rows = (input: Record<string, unknown>) =>
    Object.fromEntries(definitionRows(checkProvider({ ...weather, ...input })));
  assert.deepEqual(rows({}), {
    "Name": "weather (Weather)",
    "Signs in with": "client_credentials (client authentication: client_secret_post)",
    "Signs in at": "login.weather.example and the endpoints in its metadata",
    "Asks for": "client ID, client secret",
    "Client secret goes to": "login.weather.example and the endpoints in its metadata",
    "The access token goes to": "api.weather.example",
    "Variables": "WEATHER_CLIENT_ID, WEATHER_CLIENT_SECRET",
  });
  assert.deepEqual(
    rows({
      issuer: undefined,
      grant: "password",
      authUrl: "https://a.weather.example/x",
      endpoints: { token: "/token" },
      origins: ["https://files.example"],
      documentation: "https://weather.example/docs",
    }),
    {
      "Name": "weather (Weather)",
      "Signs in with": "password (client authentication: client_secret_post)",
      "Signs in at": "a.weather.example",
      "Asks for": "username, password, client ID, client secret",
      "Password and client secret go to": "a.weather.example",
      "The access token goes to": "api.weather.example, files.example",
      "Variables": "WEATHER_USERNAME, WEATHER_PASSWORD, WEATHER_CLIENT_ID, WEATHER_CLIENT_SECRET",
      "Documentation": "https://weather.example/docs",
    },
  );
  const [spatiafi] = providers;
  assert(spatiafi);
  const own = Object.fromEntries(definitionRows(spatiafi));
  assert.equal(own["Asks for"], "username and password");
  assert.equal(own["Username and password go to"], "auth.spatiafi.com");
});

test("definitionWarnings() warns of programs, this machine's tokens, and secrets in the file", () => {
  const warnings = (input: Record<string, unknown>) =>
    definitionWarnings(checkProvider({ ...weather, ...input }));
  assert.deepEqual(warnings({}), []);
  assert.deepEqual(warnings({ defaults: { client_secret: "x" } }), [
    "It holds a client secret, which everyone who has the file can read.",
  ]);
  const command = { issuer: undefined, tokenCommand: ["az", "account", "get-access-token"] };
  assert.deepEqual(warnings(command), ['Its tokenCommand runs "az account get-access-token".']);
  assert.match(
    warnings({ grant: "token_exchange", subjectToken: { environment: "CI_TOKEN" } }).join(),
    /sends the value of the variable CI_TOKEN/,
  );
});

/** A server that a definition is downloaded from. */
function serve(answer: (request: Request) => Response): { url: string; stop: () => Promise<void> } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    stop: () => server.shutdown(),
  };
}

test("downloadDefinition() accepts a file of at most 1 MB from its own host", async () => {
  const runtime = await currentRuntime();
  const { signal } = new AbortController();
  const { url, stop } = serve((request) => {
    const { pathname } = new URL(request.url);
    const to = (location: string) => new Response(null, { status: 302, headers: { location } });
    switch (pathname) {
      case "/weather.json":
        return Response.json(weather);
      case "/moved":
        return to("/weather.json");
      case "/elsewhere":
        return to("https://evil.example/weather.json");
      case "/other-port":
        return to("http://127.0.0.1:1/weather.json");
      case "/nowhere":
        return new Response(null, { status: 302 });
      case "/round":
        return to("/round");
      case "/large":
        return new Response("x".repeat(2_000_000));
      default:
        return new Response("no", { status: 404 });
    }
  });
  const get = (path: string) => downloadDefinition(`${url}${path}`, runtime, signal);
  try {
    assert.deepEqual(JSON.parse(await get("/weather.json")), weather);
    assert.deepEqual(JSON.parse(await get("/moved")), weather);
    await rejects(get("/elsewhere"), "redirect_refused", /evil\.example/);
    await rejects(get("/other-port"), "redirect_refused");
    await rejects(get("/nowhere"), "redirect_refused");
    await rejects(get("/round"), "redirect_refused");
    await rejects(get("/large"), "bad_response", /larger than 1 MB/);
    await rejects(get("/none"), "bad_response", /HTTP 404/);
  } finally {
    await stop();
  }
  await rejects(get("/weather.json"), "network");
  const refused = (address: string) => downloadDefinition(address, runtime, signal);
  await rejects(refused("http://weather.example/x.json"), "insecure_url");
  await rejects(refused("https://ada:pw@weather.example/x.json"), "invalid_argument");
});
