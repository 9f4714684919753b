// One `fetch` with a static token: no program that calls the API can start faster.
const response = await fetch(`${Deno.env.get("SPATIAFI_API_URL")}/api/info?item_id=bench`, {
  headers: { authorization: `Bearer ${Deno.env.get("STATIC_TOKEN")}` },
});
if (!response.ok) throw new Error(`HTTP ${response.status}`);
await response.json();
