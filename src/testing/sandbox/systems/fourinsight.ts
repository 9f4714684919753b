import { createIssuer, type Issuer } from "../create_issuer.ts";
import { type Exchange, sendHtml } from "../exchange.ts";
import { escapeHtml, page, signInFields } from "../html_page.ts";
import { randomSecret } from "../random_secret.ts";
import { resourceApi } from "../resource_api.ts";
import { serveIssuer } from "../serve_issuer.ts";
import { findUser, type SandboxClient, type SandboxUser, type System } from "../system.ts";

const TOKEN = "/oauth2/v2.0/token";
const SCOPE = "openid offline_access";
// Registered, but never visited: the person copies a sign-in code instead.
const REDIRECT_URI = "https://4insight.io/auth";

/** 4insight for a person: a page that signs in and shows a sign-in code to paste. */
export const fourinsight: System = {
  name: "fourinsight",
  async start({ state, users, auth, api }) {
    const client = { clientId: crypto.randomUUID(), clientSecret: randomSecret(30) };
    const issuer = await createIssuer({
      state,
      name: "fourinsight",
      issuer: auth.origin,
      audience: api.origin,
      scopes: ["4insight"],
      routes: { token: TOKEN, authorization: "/authorize" },
      clients: [{
        client_id: client.clientId,
        client_secret: client.clientSecret,
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        redirect_uris: [REDIRECT_URI],
      }],
      configuration: { features: { clientCredentials: { enabled: false } } },
    });
    serveIssuer(auth, issuer, {
      name: "fourinsight",
      endpoints: { "/auth": "page", [TOKEN]: "token" },
      own: {
        "GET /auth": ({ response }) => sendHtml(response, 200, signInPage()),
        "POST /auth": (exchange) => answerSignIn(issuer, users, client, exchange),
      },
    });
    api.serve({ name: "fourinsight", endpointOf: () => "api", handle: resourceApi(issuer) });
    return {
      environment: { FOURINSIGHT_AUTH_URL: auth.origin, FOURINSIGHT_API_URL: api.origin },
      clients: { fourinsight: client },
    };
  },
};

function signInPage(message = ""): string {
  return page(
    "Sign in to 4insight",
    `${message}<form method="post" action="/auth">
${signInFields}
<button type="submit">Sign in</button>
</form>`,
  );
}

async function answerSignIn(
  issuer: Issuer,
  users: SandboxUser[],
  { clientId }: SandboxClient,
  { response, body }: Exchange,
): Promise<void> {
  const form = Object.fromEntries(new URLSearchParams(body));
  const user = findUser(users, form.username, form.password);
  if (!user) {
    return sendHtml(response, 401, signInPage('<p role="alert">Wrong username or password.</p>'));
  }
  const { provider, audience } = issuer;
  const grant = new provider.Grant({ accountId: user.username, clientId });
  grant.addOIDCScope(SCOPE);
  grant.addResourceScope(audience, issuer.scopes.join(" "));
  const code = new provider.AuthorizationCode({
    accountId: user.username,
    client: await provider.Client.find(clientId),
    grantId: await grant.save(),
    redirectUri: REDIRECT_URI,
    resource: audience,
    scope: `${SCOPE} ${issuer.scopes.join(" ")}`,
    expiresWithSession: false,
  });
  const content = JSON.stringify({ endpoint: issuer.issuer + TOKEN, code: await code.save() });
  sendHtml(
    response,
    200,
    page(
      "Signed in",
      `<p><label for="package">Copy this sign-in code into your notebook:</label></p>
<pre id="package">${escapeHtml(content)}</pre>`,
    ),
  );
}
