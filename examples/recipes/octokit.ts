// Octokit, for GitHub and compatible APIs: deno run -A examples/recipes/octokit.ts [system]
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";
import { Octokit } from "npm:@octokit/core@7.0.8";

const s = await getSession(Deno.args[0] ?? "spatiafi");
// Don't set `auth`: the session adds the token and renews it.
const octokit = new Octokit({
  baseUrl: s.apiUrl.replace(/\/$/, ""),
  request: { fetch: s.fetch },
});
const { data } = await octokit.request("GET /api/info{?item_id}", { item_id: "flood" });
console.log(data.title);
