import { type Adapter, loadOidcProvider, type StoredModel } from "./oidc_provider.ts";

interface Entry {
  payload: StoredModel;
  expiresAt: number;
}

const SWEEP_EVERY = 2_000;

/**
 * The storage of one issuer. Unlike oidc-provider's own, it never removes what is still valid. If a token
 * is used twice, even by two requests at the same time, it revokes the whole family.
 */
export class MemoryStore {
  readonly #entries = new Map<string, Entry>();
  readonly #byGrant = new Map<string, Set<string>>();
  readonly #onReuse: (grantId: string) => void;
  #writes = 0;

  constructor(onReuse: (grantId: string) => void) {
    this.#onReuse = onReuse;
  }

  /** Registers a client. */
  addClient(metadata: StoredModel & { client_id: string }): void {
    this.#set(`Client:${metadata.client_id}`, metadata);
  }

  /** The adapter of one model, as oidc-provider wants it. */
  adapter(model: string): Adapter {
    const key = (id: string): string => `${model}:${id}`;
    return {
      upsert: (id, payload, expiresIn) => {
        this.#set(key(id), payload, expiresIn);
        if (payload.grantId && model !== "Grant") this.#member(payload.grantId, key(id));
        const index = payload.userCode ? `code:${payload.userCode}` : `uid:${payload.uid}`;
        if (payload.userCode || (payload.uid && model === "Session")) {
          this.#set(index, { id }, expiresIn);
        }
        return Promise.resolve();
      },
      find: (id) => Promise.resolve(this.#get(key(id))),
      findByUserCode: (code) => Promise.resolve(this.#follow(key, `code:${code}`)),
      findByUid: (uid) => Promise.resolve(this.#follow(key, `uid:${uid}`)),
      destroy: (id) => {
        this.#entries.delete(key(id));
        return Promise.resolve();
      },
      revokeByGrantId: (grantId) => {
        this.#revoke(grantId, model);
        return Promise.resolve();
      },
      consume: async (id) => {
        const stored = this.#get(key(id));
        if (stored && !stored.consumed) {
          stored.consumed = Math.floor(Date.now() / 1000);
          return;
        }
        if (stored?.grantId) {
          this.#revoke(stored.grantId);
          this.#entries.delete(`Grant:${stored.grantId}`);
          this.#onReuse(stored.grantId);
        }
        const { errors } = await loadOidcProvider();
        throw new errors.InvalidGrant("token already used");
      },
    };
  }

  #follow(key: (id: string) => string, index: string): StoredModel | undefined {
    const id = this.#get(index)?.id;
    return typeof id === "string" ? this.#get(key(id)) : undefined;
  }

  #get(key: string): StoredModel | undefined {
    const entry = this.#entries.get(key);
    if (!entry || entry.expiresAt <= Date.now()) return undefined;
    return entry.payload;
  }

  #set(key: string, payload: StoredModel, expiresIn?: number): void {
    const expiresAt = expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000;
    this.#entries.set(key, { payload, expiresAt });
    if (++this.#writes % SWEEP_EVERY === 0) this.#sweep();
  }

  #member(grantId: string, key: string): void {
    const members = this.#byGrant.get(grantId) ?? new Set();
    this.#byGrant.set(grantId, members.add(key));
  }

  #revoke(grantId: string, model?: string): void {
    const members = this.#byGrant.get(grantId);
    for (const key of members ?? []) {
      if (model && !key.startsWith(`${model}:`)) continue;
      this.#entries.delete(key);
      members?.delete(key);
    }
  }

  #sweep(): void {
    const now = Date.now();
    for (const [key, entry] of this.#entries) {
      if (entry.expiresAt <= now) this.#entries.delete(key);
    }
    for (const [grantId, members] of this.#byGrant) {
      for (const key of members) if (!this.#entries.has(key)) members.delete(key);
      if (members.size === 0) this.#byGrant.delete(grantId);
    }
  }
}
