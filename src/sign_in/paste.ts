import { AuthError } from "../errors.ts";
import { beginAuthorization, exchangeCode } from "../grants/authorization_code.ts";
import type { AuthorizationAnswer } from "../grants/grant.ts";
import { isDeadGrant } from "../grants/refusal.ts";
import type { SignedIn } from "../renewal/renewal.ts";
import { parsePaste } from "./parse_paste.ts";
import { nobodyToSignIn, type SignInContext } from "./sign_in_context.ts";

/** How many times a person may paste something wrong. */
const TRIES = 3;
/** How long the link works, as the card says, in milliseconds. */
const PATIENCE = 600_000;

/** Shows a link, and takes what the person pastes: a code, a redirect URL, or a package. */
export async function signInByPaste(parts: SignInContext): Promise<SignedIn> {
  const { grants, person } = parts;
  const { system } = grants;
  const { title } = system.provider;
  const redirectUri = system.provider.redirectUri ?? "http://127.0.0.1/callback";
  const request = system.pastePage === undefined
    ? await beginAuthorization(grants, redirectUri)
    : null;
  const link = request?.url ?? system.pastePage ?? "";
  await person.show({
    kind: "link",
    title: `Sign in to ${title}`,
    url: link,
    // The browser may be on another machine: the person copies its address, and nothing listens for it.
    redirect: null,
    note: request
      ? "After signing in, the browser may show an error page. Copy its whole address and paste it here."
      : "After signing in, copy the sign-in code shown on the page and paste it here.",
    until: grants.now() + PATIENCE,
  });
  let problem: AuthError | undefined;
  for (let attempt = 1;; attempt++) {
    const what = request ? "address" : "code";
    const { host } = new URL(link);
    const pasted = await person.ask({
      field: "code",
      text: `${problem ? `${problem.message} ` : ""}Paste the ${what} from ${title} (for ${host})`,
      secret: true,
      host,
    });
    if (pasted === null) throw problem ?? nobodyToSignIn(system.provider);
    if (pasted.trim() === "") {
      throw new AuthError("cancelled", "Sign-in cancelled. Run the cell again to sign in.");
    }
    const again = (error: unknown) => {
      if (!(error instanceof AuthError) || attempt === TRIES) throw error;
      problem = error;
    };
    let answer: AuthorizationAnswer;
    try {
      answer = parsePaste(pasted, { request, endpointHosts: system.pasteHosts });
    } catch (error) {
      again(error);
      continue;
    }
    try {
      const exchanging = { grant: "authorization_code", answer, request } as const;
      const response = await exchangeCode(grants, exchanging);
      const tokenEndpoint = answer.kind === "code" ? answer.tokenEndpoint : undefined;
      return { response, tokenEndpoint };
    } catch (error) {
      // For an expired or wrong code, ask for another one. Other failures are not the person's.
      if (!isDeadGrant(error)) throw error;
      again(error);
    }
  }
}
