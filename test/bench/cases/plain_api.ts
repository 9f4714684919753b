// deno-lint-ignore-file no-console -- its address is its output
// An API that costs almost nothing, so that the cost of a call on the caller's side is visible.
const body = JSON.stringify({ item_id: "bench", title: "About bench", assets: ["map.tif"] });
const headers = { "content-type": "application/json" };
const token = { access_token: "bench", token_type: "DPoP", expires_in: 7200 };
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
  if (request.method === "POST") return Response.json(token);
  const known = /^(Bearer|DPoP) /.test(request.headers.get("authorization") ?? "");
  return new Response(known ? body : null, { status: known ? 200 : 401, headers });
});
console.log(`http://127.0.0.1:${server.addr.port}`);
