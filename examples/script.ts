// Prints the titles of some items: deno run -A examples/script.ts [ITEM…]
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";

const items = Deno.args.length > 0 ? Deno.args : ["wildfire-risk-current-global-v1.0"];
const s = await getSession("spatiafi");
for (const item of items) {
  const response = await s.fetch(`/api/info?item_id=${encodeURIComponent(item)}`);
  if (!response.ok) throw new Error(`${item}: HTTP ${response.status}`);
  console.log((await response.json()).title);
}
