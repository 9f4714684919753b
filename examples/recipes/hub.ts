// A server of a JupyterHub whose users sign in by OAuth: in a notebook or a terminal of the hub.
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { defineProvider, getSession } from "jsr:@onecell/auth";

const weather = defineProvider({
  name: "weather",
  apiUrl: "https://api.weather.example/",
  issuer: "https://login.weather.example",
  // What the hub's authenticator got when the user signed in to the hub, fresh from the hub each time.
  grant: "token_exchange",
  subjectToken: { jupyterhub: "access_token" },
  clientAuthentication: "none",
  clientId: "hub",
  // Nothing is saved: who is signed in to the hub is signed in here.
  store: "memory",
});

const s = await getSession(weather, { interactive: false });
const { title } = await s.json<{ title: string }>("/api/info", { query: { item_id: "flood" } });
console.log(title);
