import { plain } from "../base/text.ts";
import { personOf as namedPerson, type Source } from "../credentials/choose_credentials.ts";
import type { AuthError } from "../errors.ts";
import type { GrantContext } from "../grants/grant.ts";
import type { Interruptible } from "../http/api_fetch.ts";
import type { Profile } from "../profile/profile.ts";
import type { System } from "../providers/system.ts";
import type { Store } from "../store/store.ts";
import type { TokenKeeper } from "./token_keeper.ts";

/**
 * What a session consists of. `connect` makes it, and it never changes. The keeper holds what does change:
 * the token.
 */
export interface Connection {
  readonly profile: Profile;
  readonly system: System;
  readonly keeper: TokenKeeper;
  readonly store: Store;
  /** The key its token is stored under. */
  readonly key: string;
  /** Where the credentials came from. */
  readonly sources: readonly Source[];
  /** Why credentials that were typed or created are not saved, if they should be. */
  readonly unsaved?: AuthError | undefined;
  /** What every exchange with the token endpoint needs. */
  readonly grants: GrantContext;
  /** Sends API requests with the token. */
  readonly fetch: typeof fetch;
  /** Sends requests unchanged. */
  readonly plainFetch: typeof fetch;
  /** Lets the stop button end a wait; only in a kernel. */
  readonly interruptible?: Interruptible | undefined;
  /** How long one API request may take, in milliseconds. */
  readonly timeout: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Whose session it is, for people: the username, the name in the `id_token`, the account's name, or the
 * client ID.
 */
export function accountOf(
  connection: Pick<Connection, "keeper" | "sources" | "profile">,
): string | undefined {
  return personOf(connection) ?? connection.profile.account ??
    connection.keeper.values["client_id"];
}

/** Who is signed in, if that is known: a name, never a client ID or a number that the server assigned. */
export function personOf(
  { keeper: { token, values }, sources }: Pick<Connection, "keeper" | "sources">,
): string | undefined {
  const { username, client_id: client } = values;
  const name = namedPerson({ username, client, named: token?.account, sources });
  // The server chose this name.
  return name === undefined ? undefined : plain(name);
}

/** False if a person has to sign in to get the next token. */
export function renewsItself(
  { keeper, profile: { provider, given } }: Pick<Connection, "keeper" | "profile">,
): boolean {
  if (given !== undefined) {
    return typeof given.token !== "string" && !("environment" in given.token);
  }
  return !/^(password|authorization_code|device_code)$/.test(provider.grant) ||
    keeper.token?.refresh_token !== undefined ||
    (provider.grant === "password" && keeper.values["password"] !== undefined);
}
