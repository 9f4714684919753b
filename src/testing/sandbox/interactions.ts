import type { Issuer } from "./create_issuer.ts";
import { type Exchange, type Handler, sendHtml } from "./exchange.ts";
import { escapeHtml, page, signInFields } from "./html_page.ts";
import type { InteractionDetails } from "./oidc_provider.ts";
import { findUser, type SandboxUser } from "./system.ts";

/** Where oidc-provider sends a person to sign in or to consent. */
export const INTERACTION = "/interaction";

const NEW_SUBMISSION = { mergeWithLastSubmission: false };

/** The sign-in page and the consent page of an issuer. */
export function interactionHandler(issuer: Issuer, users: SandboxUser[]): Handler {
  const { provider } = issuer;
  return async (exchange) => {
    const { request, response, body } = exchange;
    const details = await provider.interactionDetails(request, response);
    if (request.method !== "POST") return await showPage(issuer, exchange, details);

    const form = Object.fromEntries(new URLSearchParams(body));
    if (details.prompt.name === "login") {
      const user = findUser(users, form.username, form.password);
      if (!user) {
        return sendHtml(response, 401, signInPage(details, "Wrong username or password."));
      }
      const result = { login: { accountId: user.username } };
      return await provider.interactionFinished(request, response, result, NEW_SUBMISSION);
    }
    if (form.decision !== "approve") {
      const refusal = { error: "access_denied", error_description: "The user denied access." };
      return await provider.interactionFinished(request, response, refusal, NEW_SUBMISSION);
    }
    const consent = { grantId: await saveGrant(issuer, details) };
    await provider.interactionFinished(request, response, { consent }, {
      mergeWithLastSubmission: true,
    });
  };
}

async function showPage(
  { provider }: Issuer,
  { response }: Exchange,
  details: InteractionDetails,
): Promise<void> {
  if (details.prompt.name === "login") return sendHtml(response, 200, signInPage(details));
  const client = await provider.Client.find(details.params.client_id ?? "");
  const name = escapeHtml(client?.clientName ?? client?.clientId ?? "An application");
  const scope = escapeHtml(details.params.scope ?? "your account");
  sendHtml(
    response,
    200,
    page(
      "Allow access?",
      `<p><strong>${name}</strong> requests access to: ${scope}</p>
<form method="post" action="${INTERACTION}/${details.uid}">
<button type="submit" name="decision" value="approve">Approve</button>
<button type="submit" name="decision" value="deny">Deny</button>
</form>`,
    ),
  );
}

function signInPage(details: InteractionDetails, problem?: string): string {
  return page(
    "Sign in",
    `${problem ? `<p role="alert">${problem}</p>` : ""}
<form method="post" action="${INTERACTION}/${details.uid}">
${signInFields}
<button type="submit">Sign in</button>
</form>`,
  );
}

/** Grants everything that was requested. */
async function saveGrant({ provider }: Issuer, details: InteractionDetails): Promise<string> {
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = details.prompt.details;
  const existing = details.grantId ? await provider.Grant.find(details.grantId) : undefined;
  const grant = existing ?? new provider.Grant({
    accountId: details.session?.accountId ?? "",
    clientId: details.params.client_id ?? "",
  });
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(" "));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  return await grant.save();
}
