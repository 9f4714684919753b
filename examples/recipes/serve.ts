// A server with one session for all requests: deno run -A examples/recipes/serve.ts [port]
// deno-lint-ignore-file no-import-prefix no-unversioned-import
import { AuthError, getSession } from "jsr:@onecell/auth";

// Sign in once, when the server starts. Without saved credentials this fails and says what is missing.
const s = await getSession("spatiafi", { interactive: false });

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0] ?? 8000) }, async (request) => {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname !== "/info") return new Response("Not found", { status: 404 });
  try {
    // Each request gets a valid token. Requests that wait for a new one share it.
    const info = await s.json("/api/info", {
      query: { item_id: searchParams.get("item") ?? "flood" },
      signal: request.signal,
    });
    return Response.json(info);
  } catch (error) {
    if (!AuthError.is(error)) throw error;
    return Response.json({ error: error.code }, { status: 502 });
  }
});
