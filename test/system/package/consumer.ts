// deno-lint-ignore-file require-await -- as people write it
/**
 * Consumer code, and mistakes that the compiler must catch. It is type-checked against the package's
 * declarations, under the oldest and the newest TypeScript.
 */
import {
  AuthError,
  type AuthErrorCode,
  createCredentials,
  type Credentials,
  defineProvider,
  forgetCredentials,
  getSession,
  importCredentials,
  loadCredentials,
  type MapOptions,
  type Person,
  saveCredentials,
  scanNotebook,
  type Session,
  type SessionOptions,
  type Systems,
} from "@onecell/auth";
import createClient from "openapi-fetch";
import ky from "ky";

declare module "@onecell/auth" {
  interface Systems {
    "our-weather": "client_id" | "station";
  }
}

declare const env: Record<string, string | undefined>;

/** Systems, credentials, options. */
export async function options(signal?: AbortSignal, key?: string): Promise<void> {
  await getSession("spatiafi", {
    signal,
    account: key,
    scope: env["SCOPE"],
    credentials: { client_id: env["A"], client_secret: "x" },
  });
  // @ts-expect-error the server's name is not camelCase
  await getSession("spatiafi", { credentials: { clientId: "x", clientSecret: "y" } });
  // @ts-expect-error mistyped
  await getSession("ocs", { credentials: { client_idd: "x" } });
  await getSession("ocs", { credentials: { tenant_id: "x" } });
  // @ts-expect-error not a value of this system
  await getSession("spatiafi", { credentials: { tenant_id: "x" } });
  await getSession("mine", { credentials: { anything: "x" } });
  // @ts-expect-error not a value of the merged system
  await getSession("our-weather", { credentials: { anything: "x" } });
  await getSession("our-weather", { credentials: { station: "x" } });
  const merged: Systems["our-weather"] = "station";
  await getSession(merged);
  await getSession("https://api.spatiafi.com");
  await getSession(new URL("https://api.spatiafi.com"), {
    token: async ({ signal }) => (await fetch("https://x", { signal })).text(),
  });
  // @ts-expect-error the names are the server's
  await saveCredentials("spatiafi", { clientId: "x" });
  // @ts-expect-error an option of getSession, which has no effect here
  await saveCredentials("spatiafi", { client_id: "x" }, { timeout: 5 });
  const jwk = { kty: "EC", d: "x" };
  const provider = defineProvider({
    name: "x",
    apiUrl: "https://a",
    issuer: "https://i",
    requires: ["client_id", "api_key"],
  });
  await getSession(provider, { credentials: { api_key: "x", private_key: jwk } });
  // @ts-expect-error mistyped
  await getSession(provider, { credentials: { apikey: "x" } });
  const given: SessionOptions = { scope: env["SCOPE"], interactive: false, store: "memory" };
  await getSession(provider, given);
  await createCredentials("spatiafi", { username: "u", password: "p" }, { timeout: 1_000, signal });
  const { removed }: { readonly removed: readonly string[] } = await forgetCredentials("spatiafi");
  await importCredentials("ocs", new URL("file:///appsettings.json"));
  const report = await scanNotebook(new URL("file:///a.ipynb"), { directory: removed[0] });
  if (!report.ok) throw new Error(String(report));
}

/** Definitions: a union on the grant. */
export function definitions(): void {
  // @ts-expect-error a server is missing
  defineProvider({ name: "x", apiUrl: "https://a" });
  const device = { name: "x", apiUrl: "https://a", grant: "device_code" } as const;
  // @ts-expect-error a device code needs its endpoint
  defineProvider({ ...device, endpoints: { token: "https://t" } });
  defineProvider({
    ...device,
    endpoints: { token: "https://t", deviceAuthorization: "https://d" },
  });
  const code = { name: "x", apiUrl: "https://a", grant: "authorization_code" } as const;
  // @ts-expect-error a code needs the authorization endpoint
  defineProvider({ ...code, endpoints: { token: "https://t" } });
  defineProvider({
    ...code,
    issuer: "https://i",
    clientId: "abc",
    scope: ["openid"] as const,
    methods: ["device"] as const,
  });
  // @ts-expect-error methods for a person, without a grant for a person
  defineProvider({ name: "x", apiUrl: "https://a", issuer: "https://i", methods: ["device"] });
}

/** Definitions that sign in with an external token. */
export async function workloads(): Promise<void> {
  const here = { name: "x", apiUrl: "https://a", issuer: "https://i" } as const;
  defineProvider({
    ...here,
    grant: "token_exchange",
    subjectToken: { githubActions: "https://i" },
  });
  defineProvider({ ...here, grant: "token_exchange", subjectToken: () => "token" });
  // @ts-expect-error the subject token is missing
  defineProvider({ ...here, grant: "token_exchange" });
  // @ts-expect-error an unknown source
  defineProvider({ ...here, grant: "token_exchange", subjectToken: { gitlabCi: "https://i" } });
  // @ts-expect-error a subject without an exchange
  defineProvider({ ...here, subjectToken: { file: "/run/token" } });
  defineProvider({ ...here, grant: "jwt_bearer", subjectToken: { kubernetes: "/run/token" } });
  defineProvider({ ...here, grant: "jwt_bearer", assertionClaims: { sub: "{username}", n: 1 } });
  // @ts-expect-error an external assertion or claims to sign are needed
  defineProvider({ ...here, grant: "jwt_bearer" });
  const both = { subjectToken: { file: "/t" }, assertionClaims: {} } as const;
  // @ts-expect-error only one of the two
  defineProvider({ ...here, grant: "jwt_bearer", ...both });
  const federated = { clientAuthentication: "federated_jwt" } as const;
  defineProvider({ ...here, ...federated, clientAssertion: { file: "/run/token" } });
  // @ts-expect-error the assertion is missing
  defineProvider({ ...here, ...federated });
  // @ts-expect-error an unused assertion
  defineProvider({ ...here, clientAssertion: { file: "/run/token" } });
  const plain = { name: "x", apiUrl: "https://a" } as const;
  defineProvider({ ...plain, tokenCommand: ["gcloud", "auth", "print-access-token"] });
  // @ts-expect-error a command replaces a grant
  defineProvider({ ...plain, grant: "jwt_bearer", tokenCommand: ["gcloud"] });
  const optional = defineProvider({
    ...here,
    grant: "jwt_bearer",
    assertionClaims: { iss: "{client_email}", sub: "{subject}" },
    requires: ["client_email", "private_key"],
    optional: ["subject"],
  });
  await getSession(optional, { credentials: { client_email: "x", subject: "y" } });
  // @ts-expect-error mistyped
  await getSession(optional, { credentials: { subjekt: "y" } });
  await getSession("spatiafi", { token: { file: "/run/token" } });
  await getSession("spatiafi", { token: { jupyterhub: "access_token" } });
  await getSession("spatiafi", { subjectToken: async ({ signal }) => String(signal.aborted) });
  // @ts-expect-error an unknown source
  await getSession("spatiafi", { token: { files: "/run/token" } });
}

/** The option `fetch` accepts any; the session's `fetch` is the standard one. */
export async function fetches(): Promise<typeof fetch> {
  await getSession("spatiafi", { fetch });
  await getSession("spatiafi", { fetch: async (_url: string | URL) => new Response("") });
  await getSession("spatiafi", { fetch: () => Promise.resolve(Response.json({})) });
  const session = await getSession("spatiafi");
  const standard: typeof fetch = session.fetch;
  ky.create({ fetch: session.fetch });
  createClient({ fetch: session.fetch });
  return standard;
}

/** The whole session. */
export async function use(session: Session): Promise<AuthErrorCode | undefined> {
  try {
    const mapOptions: MapOptions = { concurrency: 4 };
    const texts: string[] = await session.map(["a"], (x, index) => x + index);
    const outcomes: PromiseSettledResult<number>[] = await session.map(
      [1],
      async (n, _, own) => (await own.fetch("/x")).status + n,
      { onError: "collect" },
    );
    await session.map(texts, (text) => text.length, mapOptions);
    const { email } = await session.claims() ?? {};
    const made = await session.json<{ id: string }>("/x", { method: "POST", json: { a: 1 } });
    for await (const page of session.pages<{ value: string[] }>("/items")) page.value.join();
    for await (const row of session.items<{ id: string }>("/items")) row.id.trim();
    const left: number = (session.expiresAt?.getTime() ?? 0) - Date.now();
    const text: string = await session.token({ minLifetime: 60 }) + session.account + left + email;
    const credentials: Credentials = await loadCredentials("spatiafi", { export: false });
    await session.verify({ url: "/me" });
    await session.logout();
    return text === credentials.path || made.id === "" || outcomes.length > 9
      ? "network"
      : undefined;
  } catch (error) {
    if (AuthError.is(error, "rate_limited", "server_error")) {
      const code: "rate_limited" | "server_error" = error.code;
      return code;
    }
    return error instanceof AuthError ? error.code : undefined;
  }
}

/** Fakes compile without a cast. */
export const part: Pick<Session, "fetch"> = { fetch: async () => new Response("") };
export const person: Person = {
  ask: async ({ field, secret }) => secret ? "password" : field === "username" ? "ada" : null,
};
export const credentials: Credentials = {
  provider: "spatiafi",
  path: undefined,
  source: "a test",
  storeProblem: undefined,
  names: ["client_id"],
  clientId: "c",
  get: (name) => name === "client_id" ? "c" : undefined,
};
export const whole: Session = {
  provider: "spatiafi",
  title: "SpatiaFi",
  apiUrl: "https://api.example.com/",
  account: "ada",
  source: "a test",
  scope: undefined,
  expiresAt: new Date(),
  storeProblem: undefined,
  fetch: async () => new Response(""),
  json: async <T>() => ({}) as T,
  token: async () => "token",
  claims: async () => ({ sub: "ada" }),
  refresh: async () => {},
  verify: async () => {},
  async *pages() {},
  async *items() {},
  map: async () => [],
  doctor: async () => ({ ok: true, findings: [], toJSON: () => ({}) }),
  logout: async () => ({
    refreshToken: "none",
    accessToken: "none",
    removed: false,
    problems: [],
  }),
  toJSON: () => ({}),
};
