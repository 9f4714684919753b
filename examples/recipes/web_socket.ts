// A WebSocket: deno run -A examples/recipes/web_socket.ts
// deno-lint-ignore-file no-console no-import-prefix no-unversioned-import
import { getSession } from "jsr:@onecell/auth";

const s = await getSession("spatiafi");
const url = new URL("/socket", s.apiUrl);
url.protocol = url.protocol.replace("http", "ws");
// A socket outlives its token where the server lets it: begin with one that is good for 5 minutes.
const token = await s.token({ minLifetime: 300 });
// Deno and Node take headers here; a browser does not.
const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
socket.addEventListener("open", () => socket.send("flood"));
socket.addEventListener("message", ({ data }) => {
  console.log(data);
  socket.close();
});
socket.addEventListener("error", () => console.error("The socket could not be opened."));
