// For a notebook or a terminal on a JupyterHub whose users sign in with OAuth.
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { defineProvider, getSession } from "jsr:@onecell/auth";

const weather = defineProvider({
  name: "weather",
  apiUrl: "https://api.weather.example/",
  issuer: "https://login.weather.example",
  // The token from the user's sign-in to the hub. It is read from the hub each time.
  grant: "token_exchange",
  subjectToken: { jupyterhub: "access_token" },
  clientAuthentication: "none",
  clientId: "hub",
  // Nothing is saved, because a hub user is already signed in.
  store: "memory",
});

const s = await getSession(weather, { interactive: false });
const { title } = await s.json<{ title: string }>("/api/info", { query: { item_id: "flood" } });
console.log(title);
