import assert from "node:assert/strict";
import { AuthError, getSession } from "../../../mod.ts";
import { Credentials } from "../../../src/credentials/credentials.ts";
import type { ProviderInput } from "../../../src/providers/define_provider.ts";
import type { SessionOptions } from "../../../src/interface/options.ts";
import { works } from "../../support/call.ts";
import { CARELESS_SERVERS } from "../../support/careless_servers.ts";
import { type Arrival, fakeServer, json, type Respond } from "../../support/fake_server.ts";
import { TestFolder } from "../../support/folder.ts";
import { plainProvider } from "../../support/parts.ts";
import { scriptedPerson } from "../../support/person.ts";
import { assertHides, canary, leakIn, looksAt } from "../../support/secrets.ts";
import { eachRow, test } from "../../support/tests.ts";

/** A way to sign in, with fresh secrets. */
interface Way {
  name: string;
  provider: Partial<ProviderInput>;
  credentials: Record<string, string>;
  /** The person's answers. */
  answers: string[];
}

const WAYS: (() => Way)[] = [
  ...([
    "client_secret_post",
    "client_secret_basic",
    "client_secret_basic_raw",
    "client_secret_jwt",
  ] as const)
    .map((clientAuthentication) => () => ({
      name: clientAuthentication,
      provider: { clientAuthentication },
      credentials: { client_id: "the-client", client_secret: canary() },
      answers: [],
    })),
  () => ({
    name: "password",
    provider: { grant: "password" },
    credentials: {
      client_id: "the-client",
      client_secret: canary(),
      username: "ada",
      password: canary(),
    },
    answers: [],
  }),
  () => ({
    name: "pasted sign-in code",
    provider: {
      grant: "authorization_code",
      clientAuthentication: "client_secret_post",
      paste: { page: "/auth", endpointHosts: ["auth.example.com"] },
    },
    credentials: { client_id: "the-client", client_secret: canary() },
    answers: [JSON.stringify({ endpoint: "https://auth.example.com/token", code: canary() })],
  }),
  () => ({
    name: "pasted code",
    provider: { grant: "authorization_code", methods: ["paste"] },
    credentials: { client_id: "the-client" },
    answers: [canary()],
  }),
  () => ({
    name: "device code",
    provider: { grant: "device_code" },
    credentials: { client_id: "the-client" },
    answers: [],
  }),
  ...([
    { grant: "token_exchange", subjectToken: { credential: "ticket" } },
    { grant: "jwt_bearer", subjectToken: { credential: "ticket" } },
    { clientAuthentication: "federated_jwt", clientAssertion: { credential: "ticket" } },
  ] as const).map((provider) => () => ({
    name: `an external token: ${Object.values(provider)[0]}`,
    provider: { ...provider, requires: ["client_id", "ticket"] },
    credentials: { client_id: "the-client", ticket: canary() },
    answers: [],
  })),
  () => ({
    name: "DPoP",
    provider: { dpop: true },
    credentials: { client_id: "the-client", client_secret: canary() },
    answers: [],
  }),
];

/** A world in which all secrets are known, including those created during the sign-in. */
class Watched {
  readonly secrets = new Set<string>();
  readonly deviceCode = canary();
  readonly tokens = [canary(), canary(), canary()] as const;

  readonly #type: string;

  constructor(way: Way) {
    this.#type = way.provider.dpop ? "DPoP" : "Bearer";
    for (const [name, value] of Object.entries(way.credentials)) {
      if (name !== "client_id" && name !== "username") this.secrets.add(value);
    }
    for (const answer of way.answers) {
      this.secrets.add(answer.startsWith("{") ? JSON.parse(answer).code : answer);
    }
    for (const secret of [this.deviceCode, ...this.tokens]) this.secrets.add(secret);
  }

  /** Records the secrets in a request, such as an assertion, a verifier or a proof. */
  watch({ form, headers }: Arrival): void {
    for (
      const name of [
        "client_assertion",
        "assertion",
        "subject_token",
        "code_verifier",
        "refresh_token",
      ]
    ) {
      const value = form.get(name);
      if (value) this.secrets.add(value);
    }
    for (const name of ["authorization", "dpop"]) {
      const value = headers.get(name)?.split(" ").at(-1);
      if (value) this.secrets.add(value);
    }
  }

  token(): Response {
    const [access_token, refresh_token] = this.tokens;
    return json({
      access_token,
      refresh_token,
      id_token: `${canary()}.${this.tokens[2]}.${canary()}`,
      token_type: this.#type,
      expires_in: 900,
    });
  }

  device(): Response {
    return json({
      device_code: this.deviceCode,
      user_code: "ABCD-EFGH",
      verification_uri: "https://auth.example.com/device",
      // A server with problems is polled again until the code expires.
      expires_in: 2,
      interval: 0,
    });
  }
}

/** Signs in one way at a server that returns this response to the token request. */
async function signIn(way: Way, watched: Watched, respond: Respond, folder: TestFolder) {
  const person = scriptedPerson({ answers: [...way.answers] });
  const server = fakeServer((arrival, number) => {
    watched.watch(arrival);
    if (arrival.url.pathname === "/device") return watched.device();
    if (arrival.url.host === "api.example.com") return json({ item_id: "x" });
    return respond(arrival, number);
  });
  const options: SessionOptions = {
    fetch: server.fetch,
    credentials: way.credentials,
    directory: folder.path,
    person,
    timeout: 2_000,
  };
  const outcome = await getSession(plainProvider(way.provider), options)
    .then((session) => ({ session }), (error: unknown) => ({ error }));
  return { ...outcome, person, server };
}

test("a session, its credentials and its card show no secret", () =>
  eachRow(WAYS.map((way) => way()), async (way) => {
    await using folder = await TestFolder.make();
    const watched = new Watched(way);
    const outcome = await signIn(way, watched, () => watched.token(), folder);
    assert("session" in outcome, Deno.inspect(outcome));
    const { session, person } = outcome;
    await works(session);
    const display: () => Promise<unknown> = Reflect.get(session, Symbol.for("Jupyter.display"));
    const card = await display.call(session);
    assertHides(session, watched.secrets, "the session");
    assertHides([session, { in: { deep: { inside: session } } }], watched.secrets, "a list");
    assertHides(card, watched.secrets, "the card");
    assertHides(session.fetch, watched.secrets, "fetch");
    assertHides(person.shown, watched.secrets, "what the person saw");
    assertHides(person.asked, watched.secrets, "what the person was asked");
    assertHides(await session.logout(), watched.secrets, "the logout's report");
    const place = { path: undefined, source: "options" };
    const credentials = new Credentials("plain", way.credentials, place);
    assertHides(credentials, watched.secrets, "credentials");
    assert.equal(credentials.get("client_id"), "the-client");
    // The control: an unprotected secret is found.
    assert.notEqual(leakIn([...looksAt({ t: watched.tokens })].join(), watched.secrets), undefined);
  }));

test("no error shows a secret, even if the server repeats it", () =>
  eachRow(
    CARELESS_SERVERS.flatMap(({ name, respond }) =>
      WAYS.map((make) => ({ name: `${make().name}: ${name}`, make, respond }))
    ),
    async ({ name, make, respond }) => {
      await using folder = await TestFolder.make();
      const way = make();
      const watched = new Watched(way);
      const outcome = await signIn(way, watched, respond, folder);
      // An unknown type counts as Bearer, and is not saved.
      if ("session" in outcome && name.endsWith("token's type")) {
        return assertHides([outcome.session, outcome.person.shown], watched.secrets, "the session");
      }
      assert("error" in outcome, "it was to fail");
      const { error, person } = outcome;
      assert(error instanceof AuthError, Deno.inspect(error));
      assertHides(error, watched.secrets, "the error");
      assertHides(person.shown, watched.secrets, "what the person saw");
    },
  ));
