/** Warm calls with DPoP (RFC 9449) against one ES256 signature and raw `fetch`, in one process. */
import { defineProvider, getSession } from "@onecell/auth";
import { takeTurns } from "./take_turns.ts";

const origin = Deno.env.get("SPATIAFI_API_URL") ?? "";
const provider = defineProvider({
  name: "bench",
  apiUrl: origin,
  endpoints: { token: `${origin}/token` },
  clientAuthentication: "client_secret_post",
  dpop: true,
});
const credentials = { client_id: "bench", client_secret: crypto.randomUUID() };
const session = await getSession(provider, { credentials, store: "memory" });
const init = { headers: { authorization: `Bearer ${await session.token()}` } };
const url = new URL("/api/info?item_id=bench", session.apiUrl).href;

const curve = { name: "ECDSA", namedCurve: "P-256" };
const { privateKey } = await crypto.subtle.generateKey(curve, false, ["sign"]);
const algorithm = { name: "ECDSA", hash: "SHA-256" };
// About as long as a proof.
const proof = new TextEncoder().encode("x".repeat(500));

await takeTurns({
  ours: () => session.fetch("/api/info?item_id=bench"),
  raw: async () => {
    await crypto.subtle.sign(algorithm, privateKey, proof);
    return await fetch(url, init);
  },
});
