// A WebSocket: deno run -A examples/recipes/web_socket.ts
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";

const s = await getSession("spatiafi");
const url = new URL("/socket", s.apiUrl);
url.protocol = url.protocol.replace("http", "ws");
// A socket can stay open after its token expires. Start with one that is valid for at least 5 minutes.
const token = await s.token({ minLifetime: 300 });
// Deno and Node accept headers here; browsers do not.
const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
socket.addEventListener("open", () => socket.send("flood"));
socket.addEventListener("message", ({ data }) => {
  console.log(data);
  socket.close();
});
socket.addEventListener("error", () => console.error("Could not open the socket."));
