// A GitHub Actions job without a stored secret. Its workflow is github_actions.yml.
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { defineProvider, getSession } from "jsr:@onecell/auth";

const weather = defineProvider({
  name: "weather",
  apiUrl: "https://api.weather.example/",
  issuer: "https://login.weather.example",
  // Exchanges the job's identity token (RFC 8693) for each new access token.
  grant: "token_exchange",
  subjectToken: { githubActions: "https://login.weather.example" },
  clientAuthentication: "none",
  clientId: "github-actions",
  store: "memory",
});

const s = await getSession(weather, { interactive: false });
const { title } = await s.json<{ title: string }>("/api/info", { query: { item_id: "flood" } });
console.log(title);
