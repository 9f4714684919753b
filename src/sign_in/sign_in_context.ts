import { AuthError } from "../errors.ts";
import type { GrantContext } from "../grants/grant.ts";
import type { Person } from "../person/person.ts";
import type { Provider, SignInMethod } from "../providers/provider.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** What a person's sign-in needs. */
export interface SignInContext {
  grants: GrantContext;
  person: Person;
  runtime: Runtime;
  /** The way that the caller chose, or `undefined`. */
  method: SignInMethod | undefined;
}

/** The error if a sign-in needs a person and nobody can be asked. */
export function nobodyToSignIn(provider: Provider): AuthError {
  return new AuthError(
    "login_required",
    `${provider.title} needs a person to sign in, and nobody is here to ask. Run getSession ` +
      "once in a notebook or a terminal; later runs use the session it saves.",
  );
}
