// An MCP client: deno run -A examples/recipes/mcp.ts [https://mcp.example.com/mcp]
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";
import {
  type AuthProvider,
  Client,
  StreamableHTTPClientTransport,
} from "npm:@modelcontextprotocol/client@2.4.0";

// With a server's address, the first run prompts you once and registers a client if the server allows it.
const s = await getSession(Deno.args[0] ?? "spatiafi");
const authProvider: AuthProvider = {
  // Before each request: the saved token, refreshed if needed.
  token: () => s.token(),
  // After a 401: a new token. Then the client sends the request again.
  onUnauthorized: () => s.refresh(),
};
const url = new URL("/mcp", s.apiUrl);
const client = new Client({ name: "recipe", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(url, { authProvider }));
const { tools } = await client.listTools();
console.log(tools.map(({ name }) => name).join(", "));
const result = await client.callTool({ name: "info", arguments: { item_id: "flood" } });
console.log(JSON.stringify(result.content));
await client.close();
