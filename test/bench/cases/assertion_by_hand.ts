// The practical limit of a first sign-in: RFC 7523 with WebCrypto and `fetch`, without imports.
const folder = `${Deno.env.get("XDG_CONFIG_HOME")}/spatiafi`;
const saved = JSON.parse(await Deno.readTextFile(`${folder}/app_credentials`)) as {
  client_id: string;
  client_secret: string;
};
const tokenUrl = `${Deno.env.get("SPATIAFI_AUTH_URL")}/api/v1/auth/jwt/token`;
const encoder = new TextEncoder();

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

async function assertion(): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const { client_id: id } = saved;
  const claims = { iss: id, sub: id, aud: tokenUrl, iat: now, exp: now + 60 };
  const parts = [{ alg: "HS256", typ: "JWT" }, { ...claims, jti: crypto.randomUUID() }];
  const input = parts.map((part) => base64url(encoder.encode(JSON.stringify(part)))).join(".");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const secret = encoder.encode(saved.client_secret);
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(input));
  return `${input}.${base64url(new Uint8Array(signature))}`;
}

const answer = await fetch(tokenUrl, {
  method: "POST",
  body: new URLSearchParams({
    grant_type: "client_credentials",
    client_id: saved.client_id,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: await assertion(),
  }),
});
if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
const token = await answer.json() as { access_token: string };
const response = await fetch(`${Deno.env.get("SPATIAFI_API_URL")}/api/info?item_id=bench`, {
  headers: { authorization: `Bearer ${token.access_token}` },
});
if (!response.ok) throw new Error(`HTTP ${response.status}`);
await response.json();
