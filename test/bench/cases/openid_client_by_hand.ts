// openid-client as its documentation uses it: no store, no lock, a path built by hand.
import * as openid from "openid-client";

const folder = `${Deno.env.get("XDG_CONFIG_HOME")}/spatiafi`;
const saved = JSON.parse(await Deno.readTextFile(`${folder}/app_credentials`)) as {
  client_id: string;
  client_secret: string;
};
const tokenUrl = `${Deno.env.get("SPATIAFI_AUTH_URL")}/api/v1/auth/jwt/token`;
const config = new openid.Configuration(
  { issuer: tokenUrl, token_endpoint: tokenUrl },
  saved.client_id,
  undefined,
  openid.ClientSecretJwt(saved.client_secret, {
    [openid.modifyAssertion]: (_header, payload) => {
      payload["aud"] = tokenUrl;
    },
  }),
);
openid.allowInsecureRequests(config);
const token = await openid.clientCredentialsGrant(config);
const response = await fetch(`${Deno.env.get("SPATIAFI_API_URL")}/api/info?item_id=bench`, {
  headers: { authorization: `Bearer ${token.access_token}` },
});
if (!response.ok) throw new Error(`HTTP ${response.status}`);
await response.json();
