// openapi-fetch: deno run -A examples/recipes/openapi_fetch.ts
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";
import createClient from "npm:openapi-fetch@0.17.0";

// What openapi-typescript makes of the API's description.
interface Paths {
  "/api/info": {
    get: {
      parameters: { query: { item_id: string } };
      responses: { 200: { content: { "application/json": { title: string } } } };
    };
  };
}

const s = await getSession("spatiafi");
const api = createClient<Paths>({ baseUrl: s.apiUrl, fetch: s.fetch });
const { data, error } = await api.GET("/api/info", { params: { query: { item_id: "flood" } } });
if (error !== undefined) throw new Error(JSON.stringify(error));
console.log(data.title);
