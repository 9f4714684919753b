// deno-lint-ignore-file no-console -- its address is its output
// An API that costs almost nothing, so that the cost of a call on the caller's side is visible.
const body = JSON.stringify({ item_id: "bench", title: "About bench", assets: ["map.tif"] });
const headers = { "content-type": "application/json" };
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
  const known = request.headers.get("authorization")?.startsWith("Bearer ") === true;
  return new Response(known ? body : null, { status: known ? 200 : 401, headers });
});
console.log(`http://127.0.0.1:${server.addr.port}`);
