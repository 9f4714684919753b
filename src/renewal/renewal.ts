import type { JWK } from "jose";
import { AuthError } from "../errors.ts";
import type { GrantRequest } from "../grants/grant.ts";
import type { StoredToken } from "../store/store.ts";
import { type HeldToken, isFresh, type KeeperParts } from "./token_keeper.ts";
import { accountOf, checkAlive, storedToken } from "../token/token_response.ts";

/** Gets new tokens for a keeper: by the ways that ask nobody, under the store's lock, else from a person. */
export class Renewal {
  readonly #parts: KeeperParts;
  readonly #held: HeldToken;

  /** @param parts the keeper's @param held what it has, and what becomes of it */
  constructor(parts: KeeperParts, held: HeldToken) {
    this.#parts = parts;
    this.#held = held;
  }

  /**
   * Gets a token.
   *
   * @param refused the one the API has refused, which will not do
   * @param anew signs in as if there were no session
   */
  async token(refused: StoredToken | null, anew: boolean): Promise<StoredToken> {
    return await this.#underLock(refused, anew) ?? await this.#askPerson();
  }

  /** The ways that ask nobody, under the lock; `null` when they have nothing to go by. */
  async #underLock(refused: StoredToken | null, anew: boolean): Promise<StoredToken | null> {
    const { store, grantParts } = this.#parts;
    const action = () => this.#renewSilently(refused, anew);
    // Longer than the holder's own request may take, so that waiting ends with an answer.
    const timeout = grantParts.timeout + 15_000;
    try {
      return await store.exclusive(action, { timeout, signal: grantParts.signal });
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const noLock = error.code === "store_unavailable" || error.code === "permission_denied";
      // A refresh token that rotates must not be used by two; anything else may go on alone.
      const alone = error.code === "store_locked" && !this.#held.token?.refresh_token &&
        this.#parts.silent !== null;
      if (!noLock && !alone) throw error;
      this.#held.storeProblem = error;
      return await action();
    }
  }

  async #renewSilently(refused: StoredToken | null, anew: boolean): Promise<StoredToken | null> {
    const { store, key, silent, now } = this.#parts;
    const stored = await store.read(key);
    const usable = (token: StoredToken | null) =>
      token !== null && isFresh(token, now()) && token.access_token !== refused?.access_token;
    if (!anew && stored && usable(stored)) return stored;
    // What is stored was written last, whatever the clock said: an older refresh token is used up.
    let previous = stored ?? this.#held.token;
    if (!anew) {
      for (let attempt = 0; previous?.refresh_token !== undefined && attempt < 2; attempt++) {
        const refreshToken: string = previous.refresh_token;
        try {
          return await this.#exchange({
            grant: "refresh_token",
            refreshToken,
            tokenEndpoint: previous.token_endpoint,
          }, previous);
        } catch (error) {
          if (!(error instanceof AuthError) || error.error !== "invalid_grant") throw error;
          // Another program may have renewed meanwhile: read again before giving up.
          const again = await store.read(key);
          if (again && usable(again)) return again;
          const changed = again?.refresh_token !== undefined &&
            again.refresh_token !== refreshToken;
          previous = changed ? again : null;
          if (!changed) await this.#dropRefreshToken(again);
        }
      }
    }
    return silent ? await this.#exchange(silent, null, previous?.dpop_key) : null;
  }

  /** A refresh token the server has refused for good is not offered again. */
  async #dropRefreshToken(token: StoredToken | null): Promise<void> {
    if (this.#held.token?.refresh_token !== undefined) {
      this.#held.token = withoutRefreshToken(this.#held.token);
    }
    if (token) await this.#save(withoutRefreshToken(token));
  }

  async #askPerson(): Promise<StoredToken> {
    const { store, key, grantParts, signIn, now } = this.#parts;
    const parts = { ...grantParts, dpopKey: await this.#dpopKey() };
    // No lock while a person thinks: other processes would wait with them.
    const { response, tokenEndpoint } = await signIn(parts).catch((error) => {
      const nobody = error instanceof AuthError && error.code === "credentials_missing";
      if (!nobody || this.#held.token === null) throw error;
      throw new AuthError("session_expired", `The saved session has ended. ${error.message}`);
    });
    const token = await storedToken(key, response, now(), grantParts.clock.offset);
    checkAlive(token);
    const account = await accountOf(token);
    if (account !== undefined) token.account = account;
    if (tokenEndpoint !== undefined) token.token_endpoint = tokenEndpoint;
    if (parts.dpopKey !== undefined) token.dpop_key = parts.dpopKey;
    await store.exclusive(() => this.#save(token), { timeout: 15_000, signal: grantParts.signal })
      .catch(() => this.#save(token));
    return token;
  }

  async #exchange(
    request: GrantRequest,
    previous: StoredToken | null,
    dpopKey = previous?.dpop_key,
  ): Promise<StoredToken> {
    const { obtainToken } = await import("../grants/obtain_token.ts");
    const { key, grantParts, now } = this.#parts;
    const parts = { ...grantParts, dpopKey: await this.#dpopKey(dpopKey) };
    const response = await obtainToken(parts, request);
    const token = await storedToken(key, response, now(), grantParts.clock.offset, previous);
    if (parts.dpopKey !== undefined) token.dpop_key = parts.dpopKey;
    // On disk before anything else: a rotated refresh token that is lost ends the session.
    if (request.grant !== "refresh_token") checkAlive(token);
    await this.#save(token);
    checkAlive(token);
    return token;
  }

  async #dpopKey(known?: JWK): Promise<JWK | undefined> {
    if (known !== undefined || !this.#parts.dpop) return known;
    return await (await import("../token/dpop.ts")).createDpopKey();
  }

  /** A disk that refuses does not end the session: the store keeps the token in memory. */
  async #save(token: StoredToken): Promise<void> {
    try {
      await this.#parts.store.write(this.#parts.key, token);
      this.#held.storeProblem = undefined;
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      this.#held.storeProblem = error;
    }
  }
}

function withoutRefreshToken(token: StoredToken): StoredToken {
  const { refresh_token: _, ...rest } = token;
  return rest;
}
