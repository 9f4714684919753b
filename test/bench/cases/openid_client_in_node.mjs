// `openid_client_by_hand.ts` in Node.
import { readFile } from "node:fs/promises";
import * as openid from "openid-client";

const { XDG_CONFIG_HOME, SPATIAFI_AUTH_URL, SPATIAFI_API_URL } = process.env;
const saved = JSON.parse(await readFile(`${XDG_CONFIG_HOME}/spatiafi/app_credentials`, "utf8"));
const tokenUrl = `${SPATIAFI_AUTH_URL}/api/v1/auth/jwt/token`;
const config = new openid.Configuration(
  { issuer: tokenUrl, token_endpoint: tokenUrl },
  saved.client_id,
  undefined,
  openid.ClientSecretJwt(saved.client_secret, {
    [openid.modifyAssertion]: (_header, payload) => {
      payload.aud = tokenUrl;
    },
  }),
);
openid.allowInsecureRequests(config);
const token = await openid.clientCredentialsGrant(config);
const response = await fetch(`${SPATIAFI_API_URL}/api/info?item_id=bench`, {
  headers: { authorization: `Bearer ${token.access_token}` },
});
if (!response.ok) throw new Error(`HTTP ${response.status}`);
await response.json();
