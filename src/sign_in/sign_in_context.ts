import { AuthError } from "../errors.ts";
import type { GrantContext } from "../grants/grant.ts";
import type { Person } from "../person/person.ts";
import type { Provider, SignInMethod } from "../providers/provider.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** What a sign-in by a person needs. */
export interface SignInContext {
  grants: GrantContext;
  person: Person;
  runtime: Runtime;
  /** The way the caller wants, or `undefined` to choose. */
  method: SignInMethod | undefined;
}

/** The error for a sign-in that needs a person when there is none. */
export function nobodyToSignIn(provider: Provider): AuthError {
  return new AuthError(
    "login_required",
    `${provider.title} needs a person to sign in, and nobody is here to ask. Run getSession ` +
      "once in a notebook or a terminal; later runs use the session it saves.",
  );
}
