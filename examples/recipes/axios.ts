// axios: deno run -A examples/recipes/axios.ts
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";
import axios from "npm:axios@1.21.1";

const s = await getSession("spatiafi");
const api = axios.create({ adapter: "fetch", baseURL: s.apiUrl, env: { fetch: s.fetch } });
const { data } = await api.get<{ title: string }>("/api/info", { params: { item_id: "flood" } });
console.log(data.title);
