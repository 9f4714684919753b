/** Consumer code in Node: its own `fetch` beside the runtime's. */
import { getSession } from "@onecell/auth";
import { fetch as undiciFetch, ProxyAgent } from "undici";

/** Any `fetch` is accepted, with its own extensions. */
export async function fetches(): Promise<void> {
  await getSession("spatiafi", { fetch: undiciFetch });
  await getSession("spatiafi", {
    fetch: (url, init) => undiciFetch(url, { ...init, dispatcher: new ProxyAgent("http://x") }),
  });
}
