/** Warm calls against raw `fetch` with a shared header, in one process. */
import { getSession } from "@onecell/auth";
import { takeTurns } from "./take_turns.ts";

const session = await getSession("spatiafi");
const init = { headers: { authorization: `Bearer ${await session.token()}` } };
const url = new URL("/api/info?item_id=bench", session.apiUrl).href;

await takeTurns({
  ours: () => session.fetch("/api/info?item_id=bench"),
  raw: () => fetch(url, init),
});
