// ofetch: deno run -A examples/recipes/ofetch.ts
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";
import { createFetch } from "npm:ofetch@1.5.1";

const s = await getSession("spatiafi");
// The session already retries, so turn the library's own retries off.
const api = createFetch({ fetch: s.fetch, defaults: { baseURL: s.apiUrl, retry: 0 } });
const info = await api<{ title: string }>("/api/info", { query: { item_id: "flood" } });
console.log(info.title);
