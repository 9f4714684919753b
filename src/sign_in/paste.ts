import { AuthError } from "../errors.ts";
import type { AuthorizationAnswer, AuthorizationRequest } from "../grants/grant.ts";
import type { SignedIn } from "../renewal/renewal.ts";
import { parsePaste } from "./parse_paste.ts";
import type { SignInParts } from "./sign_in.ts";

/** How often a person may mispaste. */
const TRIES = 3;
/** How long the link is good for, as the card says it, in milliseconds. */
const PATIENCE = 600_000;

/** Shows a link, and takes what the person brings back: a code, a redirect URL, or a package. */
export async function signInByPaste(parts: SignInParts): Promise<SignedIn> {
  const { grantParts, person } = parts;
  const { system } = grantParts;
  const { beginAuthorization, exchangeCode } = await import("../grants/authorization_code.ts");
  const redirectUri = system.provider.redirectUri ?? "http://127.0.0.1/callback";
  const request: AuthorizationRequest | null = system.pastePage === undefined
    ? await beginAuthorization(grantParts, redirectUri)
    : null;
  await person.show({
    kind: "link",
    title: `Sign in to ${system.provider.title}`,
    url: request?.url ?? system.pastePage ?? "",
    note: request
      ? "After signing in, the browser may show an error page: copy its whole address, and paste it here."
      : "After signing in, copy the package the page shows, and paste it here.",
    until: grantParts.now() + PATIENCE,
  });
  let problem = "";
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const pasted = await person.ask({
      field: "code",
      text: `${problem}Paste what you got for ${system.provider.title}`,
      secret: true,
      host: new URL(request?.url ?? system.pastePage ?? "").host,
    });
    if (pasted === null) throw (await import("./sign_in.ts")).nobodyToSignIn(system.provider);
    if (pasted.trim() === "") {
      throw new AuthError("cancelled", "Nothing was pasted. Run it again to sign in.");
    }
    let answer: AuthorizationAnswer;
    try {
      answer = parsePaste(pasted, { request, endpointHosts: system.pasteHosts });
    } catch (error) {
      if (!(error instanceof AuthError) || attempt === TRIES - 1) throw error;
      problem = `${error.message} `;
      continue;
    }
    const response = await exchangeCode(grantParts, {
      grant: "authorization_code",
      answer,
      request,
    });
    const tokenEndpoint = answer.kind === "code" ? answer.tokenEndpoint : undefined;
    return { response, tokenEndpoint };
  }
  throw new AuthError("cancelled", "Nothing usable was pasted. Run it again to sign in.");
}
