// ky: deno run -A examples/recipes/ky.ts
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";
import ky from "npm:ky@2.1.0";

const s = await getSession("spatiafi");
// The session already retries, so turn the library's own retries off.
const api = ky.create({ fetch: s.fetch, baseUrl: s.apiUrl, retry: 0 });
const info = await api("api/info?item_id=flood").json<{ title: string }>();
console.log(info.title);
