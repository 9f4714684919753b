/**
 * Gets a session's new token: first without a prompt, one process at a time, else from a person. The token
 * is saved before it is used.
 *
 * @module
 */
import { abortReason, AuthError } from "../errors.ts";
import type { GrantContext, GrantRequest } from "../grants/grant.ts";
import { obtainToken } from "../grants/obtain_token.ts";
import { isDeadGrant } from "../grants/refusal.ts";
import { filledClaims } from "../grants/private_key.ts";
import type { CredentialValues, Grant, Provider } from "../providers/provider.ts";
import type { RefreshTurn, Store } from "../store/store.ts";
import { createDpopKey } from "../token/dpop.ts";
import {
  accountOf,
  checkAlive,
  isSendable,
  storedToken,
  type TokenResponse,
} from "../token/token_response.ts";
import { type DpopKey, isFresh, type Token } from "../token/token.ts";
import { savedEndpoint } from "../trust.ts";
import type { Held, RenewalOptions } from "./token_keeper.ts";

/** What a person's sign-in returned. */
export interface SignedIn {
  response: TokenResponse;
  /** The token endpoint, if the sign-in chose it. */
  tokenEndpoint?: string | undefined;
  /** The credential values that were completed during the sign-in. */
  values?: CredentialValues;
}

/** What a session's renewals need. */
export interface RenewalSetup {
  key: string;
  store: Store;
  provider: Provider;
  /** What an exchange needs, without the values, which may change. */
  grants: GrantContext;
  /** Prompts the person; throws `login_required` if nobody can be asked. */
  signIn: (grants: GrantContext) => Promise<SignedIn>;
  now: () => number;
}

/**
 * Gets a token.
 *
 * @param held what the session has; a failed renewal may change it too
 */
export async function renew(
  setup: RenewalSetup,
  held: Held,
  options: RenewalOptions,
): Promise<Token> {
  checkUsed(setup.grants);
  return await new Renewal(setup, held, options).token();
}

/** Refuses an option that the grant does not use: it would be ignored, and somebody else would sign in. */
function checkUsed({ external, system: { provider } }: GrantContext): void {
  const { grant, clientAuthentication, title } = provider;
  const isSubject = grant === "token_exchange" || grant === "jwt_bearer";
  const name = external?.subjectToken !== undefined && !isSubject
    ? "subjectToken"
    : external?.clientAssertion !== undefined && clientAuthentication !== "federated_jwt"
    ? "clientAssertion"
    : undefined;
  if (name === undefined) return;
  throw new AuthError(
    "invalid_argument",
    `The option "${name}" is for another kind of system: ${title} signs in by the grant "${grant}" and ` +
      `the client authentication "${clientAuthentication}".`,
  );
}

/** The grants that need no person, if their credentials are there. */
type SilentGrant = Exclude<Grant, "authorization_code" | "device_code">;

function isSilent(grant: Grant): grant is SilentGrant {
  return grant !== "authorization_code" && grant !== "device_code";
}

class Renewal {
  readonly #setup: RenewalSetup;
  readonly #held: Held;
  readonly #options: RenewalOptions;
  /** True if another process has sent the refresh token, and its result is unknown. */
  #isUnknown = false;
  /** True if another process has signed the session out: then a silently renewed token is not saved. */
  #isSignedOut = false;

  constructor(setup: RenewalSetup, held: Held, options: RenewalOptions) {
    this.#setup = setup;
    this.#held = held;
    this.#options = options;
  }

  async token(): Promise<Token> {
    const token = await this.#underLock();
    const { signal } = this.#options;
    if (token === null && signal?.aborted) throw abortReason(signal);
    return token ?? await this.#askPerson();
  }

  /** What an exchange needs now. */
  get #grants(): GrantContext {
    return { ...this.#setup.grants, values: this.#held.values, signal: this.#options.signal };
  }

  /** The grant that needs no person, if its credentials are there. */
  get #silent(): Extract<GrantRequest, { grant: SilentGrant }> | null {
    const { grant } = this.#setup.provider;
    if (!isSilent(grant)) return null;
    return grant !== "password" || this.#held.values["password"] !== undefined ? { grant } : null;
  }

  /** Renews without a prompt, under the lock; `null` if that is not possible. */
  async #underLock(): Promise<Token | null> {
    const { store, grants } = this.#setup;
    const action = () => this.#renewSilently();
    // Longer than the lock holder's own request may take, so that the wait ends with a result.
    const timeout = grants.timeout + 15_000;
    try {
      return await store.exclusive(this.#setup.key, action, {
        timeout,
        signal: this.#options.signal,
      });
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const noLock = error.code === "store_unavailable" || error.code === "permission_denied";
      // Two processes must not use a refresh token that rotates. Without one, this process may continue
      // alone.
      const alone = error.code === "store_locked" && !this.#held.token?.refresh_token &&
        this.#silent !== null;
      if (!noLock && !alone) throw error;
      const silent = this.#silent;
      // Without a lock, other machines may use the refresh token at the same time.
      if (noLock && store.shared && silent === null) throw error;
      this.#held.storeProblem = error;
      return noLock && store.shared && silent ? await this.#exchange(silent, null) : await action();
    }
  }

  async #renewSilently(): Promise<Token | null> {
    const { store, key, now } = this.#setup;
    const { refused, force = false } = this.#options;
    const stored = await store.read(key);
    const usable = (token: Token | null) =>
      token !== null && isFresh(token, now()) && token.access_token !== refused?.access_token &&
      this.#fits(token);
    if (!force && stored && usable(stored)) return stored;
    // The stored token was written last, even if the clock was wrong, so an older refresh token is used up.
    this.#isSignedOut = stored === null && await this.#wasSignedOut();
    let previous = stored ?? (this.#isSignedOut ? null : this.#held.token);
    if (!force) {
      for (let attempt = 0; previous?.refresh_token !== undefined && attempt < 2; attempt++) {
        const refreshToken: string = previous.refresh_token;
        if (refreshToken === this.#held.deadRefreshToken) break;
        try {
          const token = await this.#refresh(previous, refreshToken);
          if (typeof token === "object") return token;
          this.#isUnknown = token === "unknown";
          if (this.#isUnknown) break;
          previous = await store.read(key);
          if (previous && usable(previous)) return previous;
        } catch (error) {
          // After any other failure (client, network, busy server) the session stays as it is.
          if (!isDeadGrant(error)) throw error;
          // Another program may have renewed meanwhile, so read again before giving up.
          const again = await store.read(key);
          if (again && usable(again)) return again;
          const changed = again?.refresh_token !== undefined &&
            again.refresh_token !== refreshToken;
          previous = changed ? again : null;
          // It stays on disk until there is a new one, but this process does not send it again.
          if (!changed) this.#held.deadRefreshToken = refreshToken;
        }
      }
    }
    const silent = this.#silent;
    return silent ? await this.#exchange(silent, null, previous?.dpop_key) : null;
  }

  /**
   * Sends a refresh token, only once among all processes: if the server rotates refresh tokens, a second
   * use can end all sessions of the account.
   */
  async #refresh(
    previous: Token,
    refreshToken: string,
  ): Promise<Token | Exclude<RefreshTurn, "go">> {
    const { store, grants } = this.#setup;
    const send = () =>
      this.#exchange({
        grant: "refresh_token",
        refreshToken,
        tokenEndpoint: this.#endpointOf(previous),
      }, previous);
    if (previous.rotates === false) return await send();
    const wait = { timeout: grants.timeout, signal: this.#options.signal };
    const turn = await store.beginRefresh(previous, wait);
    if (turn !== "go") return turn;
    let rotated = false;
    try {
      const token = await send();
      rotated = token.refresh_token !== refreshToken;
      return token;
    } finally {
      await store.endRefresh(previous, rotated);
    }
  }

  /** True if the session was saved and is now gone: another process has signed it out. */
  async #wasSignedOut(): Promise<boolean> {
    const { store, key } = this.#setup;
    if (!this.#held.saved || this.#held.token === null) return false;
    // An unreadable store proves nothing.
    return await store.readStrictly(key).then((token) => token === null, () => false);
  }

  /** True if the token can be sent, and is bound to a key if it has to be. */
  #fits(token: Token): boolean {
    return isSendable(token) &&
      (this.#setup.provider.dpop !== true || token.dpop_key !== undefined);
  }

  /** Where a saved session renews. The file alone does not decide where its secrets go. */
  #endpointOf({ token_endpoint }: Token): string | undefined {
    const { system } = this.#setup.grants;
    return savedEndpoint(system.provider.title, token_endpoint, system.pasteHosts);
  }

  async #askPerson(): Promise<Token> {
    const { store, key, signIn, now } = this.#setup;
    const grants = { ...this.#grants, dpopKey: await this.#dpopKey() };
    // Hold no lock while a person signs in: other processes would wait too.
    const { response, tokenEndpoint, values } = await signIn(grants).catch((error) => {
      const nobody = AuthError.is(error, "login_required", "credentials_missing");
      if (nobody && this.#isUnknown) {
        throw new AuthError(
          "store_locked",
          "Another process started to renew this session and has not finished: it was ended, or it " +
            `hangs. Try again in a few minutes, or sign in again. ${error.message}`,
        );
      }
      if (!nobody || this.#held.token === null) throw error;
      throw new AuthError("login_required", `The saved session has ended. ${error.message}`);
    });
    if (values) this.#held.values = values;
    this.#isSignedOut = false;
    const renewable = this.#silent !== null;
    const token = storedToken(key, response, now(), grants.clock.offset, null, renewable);
    checkAlive(token);
    const account = accountOf(token);
    if (account !== undefined) token.account = account;
    if (tokenEndpoint !== undefined) token.token_endpoint = tokenEndpoint;
    if (grants.dpopKey !== undefined) token.dpop_key = grants.dpopKey;
    await store.exclusive(key, () => this.#save(token), { timeout: 15_000, signal: grants.signal })
      .catch(() => this.#save(token));
    return token;
  }

  async #exchange(
    request: GrantRequest,
    previous: Token | null,
    dpopKey = previous?.dpop_key,
  ): Promise<Token> {
    const { key, now } = this.#setup;
    const grants = { ...this.#grants, dpopKey: await this.#dpopKey(dpopKey) };
    // A rotated token must be saved, even if nobody waits for it any longer.
    if (request.grant === "refresh_token") grants.signal = undefined;
    const response = await obtainToken(grants, request);
    const { offset } = grants.clock;
    const renewable = this.#silent !== null;
    const token = storedToken(key, response, now(), offset, previous, renewable);
    if (grants.dpopKey !== undefined) token.dpop_key = grants.dpopKey;
    if (request.grant === "token_exchange" || request.grant === "jwt_bearer") {
      const account = accountOf(token) ?? this.#claimedAccount();
      if (account !== undefined) token.account = account;
    }
    if (request.grant === "refresh_token" && token.refresh_token === request.refreshToken) {
      token.rotates = false;
    }
    // Save it before anything else: losing a rotated refresh token ends the session.
    if (request.grant !== "refresh_token") checkAlive(token);
    await this.#save(token);
    checkAlive(token);
    return token;
  }

  /** The identity that a signed assertion signs in as. */
  #claimedAccount(): string | undefined {
    const { provider } = this.#setup;
    if (provider.assertionClaims === undefined) return undefined;
    const { sub, iss } = filledClaims(provider, provider.assertionClaims, this.#held.values);
    return [sub, iss].find((name) => typeof name === "string");
  }

  async #dpopKey(known?: DpopKey): Promise<DpopKey | undefined> {
    if (known !== undefined || !this.#setup.provider.dpop) return known;
    return await createDpopKey();
  }

  /** A disk error does not end the session: the store then keeps the token in memory. */
  async #save(token: Token): Promise<void> {
    if (this.#isSignedOut) return;
    try {
      await this.#setup.store.write(this.#setup.key, token);
      this.#held.saved = true;
      this.#held.storeProblem = this.#setup.store.problem;
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      this.#held.storeProblem = error;
    }
  }
}
