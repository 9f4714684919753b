/** What a consumer writes; it is type-checked against the package's declarations. */
import {
  AuthError,
  type AuthErrorCode,
  createCredentials,
  type Credentials,
  defineProvider,
  getSession,
  loadCredentials,
  type MapOptions,
  type Provider,
  type Session,
  type SessionOptions,
} from "@onecell/auth";

const provider: Provider = defineProvider({
  name: "weather",
  apiUrl: "https://api.weather.example/",
  issuer: "https://login.weather.example",
});
const options: SessionOptions = { interactive: false, sessionKey: "work" };
const mapOptions: MapOptions = { concurrency: 4 };

/** Uses the whole session. */
export async function use(): Promise<AuthErrorCode | undefined> {
  try {
    const session: Session = await getSession(provider, options);
    const response: Response = await session.fetch("/forecast", { method: "POST", body: "{}" });
    const plainFetch: typeof fetch = session.fetch;
    await plainFetch(new URL(response.url));
    for await (const page of session.pages<{ value: string[] }>("/items")) page.value.join();
    const lengths: number[] = await session.map(["a"], (id) => id.length, { onError: "stop" });
    await session.map(lengths, (length) => length + 1, mapOptions);
    const left: number = session.expiresAt.getTime() - Date.now();
    const text: string = await session.token() + session.account + left;
    const credentials: Credentials = await loadCredentials("spatiafi");
    await createCredentials("spatiafi", { username: "user", password: "password" });
    await session.logout();
    return text === credentials.path ? "network" : undefined;
  } catch (error) {
    return error instanceof AuthError ? error.code : undefined;
  }
}
