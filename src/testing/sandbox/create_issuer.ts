import { exportJWK, generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Exchange } from "./exchange.ts";
import { MemoryStore } from "./memory_store.ts";
import { loadOidcProvider, type Provider, type StoredModel } from "./oidc_provider.ts";
import { providerConfiguration } from "./provider_configuration.ts";
import { randomSecret } from "./random_secret.ts";
import type { SandboxState } from "./sandbox_state.ts";

export const SIGNING_ALGORITHM = "ES256";

/** How to build an authorization server. */
export interface IssuerOptions {
  state: SandboxState;
  /** The system's name, as the counters spell it. */
  name: string;
  /** The issuer identifier; the server is mounted at its path, if there is one. */
  issuer: string;
  /** The audience of its access tokens. */
  audience: string;
  /** Scopes of the API. A client credentials request for any other is refused. */
  scopes: string[];
  /** Paths that differ from oidc-provider's, by its route names. */
  routes?: Record<string, string>;
  clients?: (StoredModel & { client_id: string })[];
  /** More configuration for oidc-provider. */
  configuration?: Record<string, unknown>;
}

/** An authorization server on a listener, and the keys to check its tokens. */
export interface Issuer {
  readonly issuer: string;
  readonly audience: string;
  readonly scopes: string[];
  readonly provider: Provider;
  /** Lets oidc-provider respond. */
  handle(exchange: Exchange): Promise<void>;
  addClient(metadata: StoredModel & { client_id: string }): void;
  /** Signs an access token without oidc-provider. */
  sign(claims: JWTPayload): Promise<string>;
  /** The claims of a valid access token; throws for any other. */
  verify(token: string): Promise<JWTPayload>;
  /** Whether a token that was valid is still valid. */
  isCurrent(claims: JWTPayload): boolean;
}

/** Builds one authorization server with a new key. */
export async function createIssuer(options: IssuerOptions): Promise<Issuer> {
  const { state, name, issuer, audience } = options;
  const [{ Provider, errors }, keys] = await Promise.all([
    loadOidcProvider(),
    generateKeyPair(SIGNING_ALGORITHM, { extractable: true }),
  ]);
  const kid = randomSecret(6);
  const jwk = { ...await exportJWK(keys.privateKey), alg: SIGNING_ALGORITHM, use: "sig", kid };
  const revoked = new Set<unknown>();
  // Several requests may notice the same reuse. Count the family once.
  const countRevoked = (grantId: unknown): void => {
    if (revoked.has(grantId)) return;
    revoked.add(grantId);
    state.count("families_revoked");
    state.count(`${name}.families_revoked`);
  };
  const store = new MemoryStore(countRevoked);
  for (const client of options.clients ?? []) store.addClient(client);

  const configuration = providerConfiguration({ ...options, store, errors, jwks: { keys: [jwk] } });
  const provider = new Provider(issuer, configuration);
  provider.on("grant.error", (_context, error) => {
    if (!(error instanceof Error) || error.message !== "invalid_grant") return;
    state.count("invalid_grant");
    state.count(`${name}.invalid_grant`);
  });
  // A client that revokes its token (RFC 7009) has not reused one.
  provider.on("grant.revoked", ({ oidc }, grantId) => {
    if (oidc.route === "token") countRevoked(grantId);
  });
  for (const event of ["error", "server_error"]) {
    provider.on(event, (first, second) => {
      const error = first instanceof Error ? first : second;
      if (clientLeft(error)) return;
      state.errors.push(error instanceof Error ? error.stack ?? error.message : String(error));
    });
  }

  const callback = provider.callback();
  const mount = new URL(issuer).pathname.replace(/\/$/, "");
  return {
    issuer,
    audience,
    scopes: options.scopes,
    provider,
    handle: (exchange) => {
      replayBody(exchange);
      if (mount) unmount(exchange, mount);
      return callback(exchange.request, exchange.response);
    },
    addClient: (metadata) => store.addClient(metadata),
    sign: (claims) =>
      new SignJWT({ ...claims, gen: state.generation, jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: "at+jwt", kid })
        .setIssuer(issuer).sign(keys.privateKey),
    verify: async (token) => {
      const { payload } = await jwtVerify(token, keys.publicKey, {
        issuer,
        audience,
        algorithms: [SIGNING_ALGORITHM],
        requiredClaims: ["exp"],
        clockTolerance: 0,
      });
      return payload;
    },
    isCurrent: ({ exp, gen }) => Date.now() / 1000 < (exp ?? 0) && gen === state.generation,
  };
}

/** Replays the body, which the listener has read, because oidc-provider reads it itself. */
function replayBody({ request, body }: Exchange): void {
  const bytes = new TextEncoder().encode(body);
  Object.defineProperties(request, {
    readable: { value: true },
    iterator: {
      value: async function* () {
        if (bytes.length > 0) yield await bytes;
      },
    },
  });
}

function unmount({ request }: Exchange, mount: string): void {
  const url = request.url ?? "/";
  Object.assign(request, { originalUrl: url, url: url.slice(mount.length) || "/" });
}

/** True when the client closed the connection during the response; some faults make it do so. */
function clientLeft(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === "EPIPE" || code === "ECONNRESET";
}
