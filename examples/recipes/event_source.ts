// Server-sent events: deno run -A examples/recipes/event_source.ts
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";
import { EventSource } from "npm:eventsource@5.1.5";

const s = await getSession("spatiafi");
// Every connection gets a valid token, including a reconnection.
const events = new EventSource(new URL("/events", s.apiUrl), { fetch: s.fetch });
events.addEventListener("message", ({ data }) => {
  console.log(data);
  if (data === "done") events.close();
});
events.addEventListener("error", ({ code, message }) => {
  // No code means that the connection was lost. EventSource reconnects automatically.
  if (code !== undefined) console.error(`HTTP ${code}: ${message}`);
});
