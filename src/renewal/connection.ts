import type { Source } from "../credentials/choose_credentials.ts";
import type { AuthError } from "../errors.ts";
import type { GrantContext } from "../grants/grant.ts";
import type { Profile } from "../profile/profile.ts";
import type { System } from "../providers/system.ts";
import type { Store } from "../store/store.ts";
import type { TokenKeeper } from "./token_keeper.ts";

/**
 * What a session stands on, put together by `connect` and never changed. What changes in a session's
 * life, its token, is the keeper's.
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
  /** Sends requests as they are. */
  readonly plainFetch: typeof fetch;
  /** How long one API request may take, in milliseconds. */
  readonly timeout: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Whose session it is, for people: the username, what the `id_token` names, or the client ID. */
export function accountOf({ keeper }: Pick<Connection, "keeper">): string | undefined {
  const { token, values } = keeper;
  return values["username"] ?? token?.account ?? values["client_id"];
}
