import { exportPKCS8, exportSPKI, generateKeyPair, SignJWT } from "jose";
import type { OfferedGrant, ServerKind } from "./independent_server.ts";
import { freePort, prepared, startServerProcess } from "./server_process.ts";
import { Visitor } from "./visitor.ts";

/** The folder where Keycloak was unpacked and built with `kc.sh build --db=dev-mem --cache=local`. */
const HOME = Deno.env.get("ONECELL_KEYCLOAK");
/** The time limit for starting it, in seconds. */
const START = 110;

/** Keycloak. It starts slowly, so its time is counted separately. */
export const keycloak: ServerKind = {
  name: "Keycloak",
  isOptional: true,

  async missing() {
    if (HOME === undefined) return "no Keycloak (ONECELL_KEYCLOAK names its folder)";
    const found = await Deno.stat(`${HOME}/bin/kc.sh`).then(() => true, () => false);
    return found ? undefined : "no bin/kc.sh in the folder that ONECELL_KEYCLOAK names";
  },

  async start(folder) {
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const password = `a password of ${crypto.randomUUID()}`;
    const process = startServerProcess(`${HOME}/bin/kc.sh`, [
      "start",
      "--optimized",
      "--cache=local",
      "--http-enabled=true",
      "--hostname-strict=false",
      "--http-host=127.0.0.1",
      `--http-port=${port}`,
    ], {
      env: {
        KC_BOOTSTRAP_ADMIN_USERNAME: "admin",
        KC_BOOTSTRAP_ADMIN_PASSWORD: password,
        JAVA_OPTS_APPEND: "-Xmx512m -XX:TieredStopAtLevel=1",
      },
    });
    const elsewhere = await Elsewhere.make(`${url}/realms/interop`, `${folder}/subject`);
    const admin = new Administrator(url, password, elsewhere);
    const client = await prepared(process, async () => {
      await process.answers(`${url}/realms/master`, START);
      const client = await admin.setUp();
      await elsewhere.writeSubject(client);
      return client;
    });
    const login = { username: "ada", password };
    return {
      url,
      grants: [
        ...grantsOf(`${url}/realms/interop`, client, login),
        ...await elsewhere.grants(client),
      ],
      setLifetime: (seconds) => admin.put("", { accessTokenLifespan: seconds }),
      accepts: (token) => admin.introspect(token),
      async endRefreshTokens() {
        await admin.endSessions();
        // It also ends the job's token, so write the next one to the file.
        await elsewhere.writeSubject(client);
      },
      async openRegistration() {
        await admin.trustThisMachine();
        await admin.letStaySignedIn(login.username);
        const issuer = `${url}/realms/interop`;
        return { issuer, userinfo: `${issuer}/protocol/openid-connect/userinfo` };
      },
      async signIn(address, answer) {
        return (await new Visitor(url).answer(address, login, answer)).url;
      },
      async answerDevice({ url: page, completeUrl = page }, answer) {
        await new Visitor(url).answer(completeUrl, login, answer);
      },
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  },
};

type Client = Record<"client_id" | "client_secret", string>;

/** An issuer other than Keycloak, and a subject token in a file, as a job has it. */
class Elsewhere {
  readonly #issuer: string;
  readonly #file: string;
  readonly #keys: CryptoKeyPair;

  private constructor(issuer: string, file: string, keys: CryptoKeyPair) {
    this.#issuer = issuer;
    this.#file = file;
    this.#keys = keys;
  }

  static async make(issuer: string, file: string): Promise<Elsewhere> {
    return new Elsewhere(issuer, file, await generateKeyPair("RS256", { extractable: true }));
  }

  /** The issuers that the realm trusts: one for robots' assertions, and one for a client's. */
  async identityProviders(): Promise<unknown[]> {
    const pem = await exportSPKI(this.#keys.publicKey);
    const key = {
      useJwksUrl: "false",
      validateSignature: "true",
      publicKeySignatureVerifier: pem.replace(/-----[^-]+-----|\s/g, ""),
      publicKeySignatureVerifierKeyId: "key-1",
    };
    return [
      {
        alias: "robots",
        providerId: "jwt-authorization-grant",
        enabled: true,
        config: { ...key, issuer: "https://robots.example", jwtAuthorizationGrantEnabled: "true" },
      },
      {
        alias: "workloads",
        providerId: "oidc",
        enabled: true,
        config: {
          ...key,
          issuer: "https://workloads.example",
          clientId: "unused",
          clientSecret: "unused",
          authorizationUrl: "https://workloads.example/authorize",
          tokenUrl: "https://workloads.example/token",
          supportsClientAssertions: "true",
        },
      },
    ];
  }

  /** Writes a token of another client, for the client that exchanges it. */
  async writeSubject({ client_secret }: Client): Promise<void> {
    const response = await fetch(`${this.#issuer}/protocol/openid-connect/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: "interop-subject",
        client_secret,
      }),
    });
    const { access_token } = await response.json();
    await Deno.writeTextFile(this.#file, access_token, { mode: 0o600 });
  }

  async grants({ client_secret }: Client): Promise<OfferedGrant[]> {
    const issuer = this.#issuer;
    const private_key = await exportPKCS8(this.#keys.privateKey);
    const credentials = { client_id: "interop-exchange", client_secret };
    const clientAuthentication = "client_secret_post";
    return [
      {
        name: "token exchange",
        definition: {
          issuer,
          clientAuthentication,
          grant: "token_exchange",
          subjectToken: { file: this.#file },
          subjectTokenType: "urn:ietf:params:oauth:token-type:access_token",
          store: "disk",
        },
        credentials,
      },
      {
        name: "assertion, signed",
        definition: {
          issuer,
          clientAuthentication,
          grant: "jwt_bearer",
          assertionClaims: { iss: "https://robots.example", sub: "robot-1" },
        },
        credentials: { ...credentials, private_key, key_id: "key-1" },
      },
      {
        name: "client credentials, federated",
        definition: {
          issuer,
          clientAuthentication: "federated_jwt",
          clientAssertion: () =>
            new SignJWT({ jti: crypto.randomUUID() })
              .setIssuer("https://workloads.example")
              .setSubject("pod-1")
              .setAudience(issuer)
              .setIssuedAt()
              .setExpirationTime("1m")
              .setProtectedHeader({ alg: "RS256", kid: "key-1" })
              .sign(this.#keys.privateKey),
        },
        credentials: { client_id: "interop-federated" },
      },
    ];
  }
}

/** The administration REST API. */
class Administrator {
  readonly #url: string;
  readonly #password: string;
  readonly #elsewhere: Elsewhere;
  #client: Client = { client_id: "interop-secret", client_secret: `${crypto.randomUUID()}-._~` };

  constructor(url: string, password: string, elsewhere: Elsewhere) {
    this.#url = url;
    this.#password = password;
    this.#elsewhere = elsewhere;
  }

  async #call(method: string, path: string, json?: unknown): Promise<unknown> {
    const form = {
      grant_type: "password",
      client_id: "admin-cli",
      username: "admin",
      password: this.#password,
    };
    const signedIn = await fetch(`${this.#url}/realms/master/protocol/openid-connect/token`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    const { access_token } = await signedIn.json();
    const response = await fetch(`${this.#url}/admin/realms${path}`, {
      method,
      headers: { "authorization": `Bearer ${access_token}`, "content-type": "application/json" },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  async put(path: string, json: unknown): Promise<void> {
    await this.#call("PUT", `/interop${path}`, json);
  }

  async setUp(): Promise<Client> {
    // Its introspection responds only to a token's audience.
    const protocolMappers = [{
      name: "for the API",
      protocol: "openid-connect",
      protocolMapper: "oidc-audience-mapper",
      config: {
        "included.client.audience": this.#client.client_id,
        "access.token.claim": "true",
        "introspection.token.claim": "true",
      },
    }];
    const common = {
      protocolMappers,
      protocol: "openid-connect",
      redirectUris: ["http://127.0.0.1/*"],
      standardFlowEnabled: true,
      consentRequired: true,
      attributes: {
        "oauth2.device.authorization.grant.enabled": "true",
        "oauth2.device.polling.interval": "1",
      },
    };
    await this.#call("POST", "", {
      realm: "interop",
      enabled: true,
      sslRequired: "none",
      revokeRefreshToken: true,
      refreshTokenMaxReuse: 0,
      oauth2DevicePollingInterval: 1,
      identityProviders: await this.#elsewhere.identityProviders(),
      users: [{
        username: "robot",
        email: "robot@example.com",
        emailVerified: true,
        firstName: "Robot",
        lastName: "One",
        enabled: true,
        federatedIdentities: [
          { identityProvider: "robots", userId: "robot-1", userName: "robot-1" },
        ],
      }, {
        username: "ada",
        email: "ada@example.com",
        emailVerified: true,
        firstName: "Ada",
        lastName: "Lovelace",
        enabled: true,
        credentials: [{ type: "password", value: this.#password, temporary: false }],
      }],
      clients: [
        {
          ...common,
          clientId: this.#client.client_id,
          secret: this.#client.client_secret,
          publicClient: false,
        },
        { ...common, clientId: "interop-public", publicClient: true },
        {
          protocol: "openid-connect",
          protocolMappers,
          clientId: "interop-silent",
          secret: this.#client.client_secret,
          publicClient: false,
          serviceAccountsEnabled: true,
          directAccessGrantsEnabled: true,
        },
        {
          protocol: "openid-connect",
          protocolMappers,
          clientId: "interop-exchange",
          secret: this.#client.client_secret,
          publicClient: false,
          attributes: {
            "standard.token.exchange.enabled": "true",
            "oauth2.jwt.authorization.grant.enabled": "true",
            "oauth2.jwt.authorization.grant.idp": "robots",
          },
        },
        {
          protocol: "openid-connect",
          protocolMappers: [{
            name: "for the exchange",
            protocol: "openid-connect",
            protocolMapper: "oidc-audience-mapper",
            config: {
              "included.client.audience": "interop-exchange",
              "access.token.claim": "true",
            },
          }],
          clientId: "interop-subject",
          secret: this.#client.client_secret,
          publicClient: false,
          serviceAccountsEnabled: true,
          attributes: { "access.token.lifespan": "3600" },
        },
        {
          protocol: "openid-connect",
          protocolMappers,
          clientId: "interop-federated",
          publicClient: false,
          serviceAccountsEnabled: true,
          clientAuthenticatorType: "federated-jwt",
          attributes: { "jwt.credential.issuer": "workloads", "jwt.credential.sub": "pod-1" },
        },
      ],
    });
    return this.#client;
  }

  async introspect(token: string): Promise<boolean> {
    const path = "/realms/interop/protocol/openid-connect/token/introspect";
    const body = new URLSearchParams({ ...this.#client, token });
    const response = await fetch(`${this.#url}${path}`, { method: "POST", body });
    return (await response.json())["active"] === true;
  }

  /** Its policy for unknown clients: it registers only those from trusted hosts, and trusts none. */
  async trustThisMachine(): Promise<void> {
    const type = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
    const policies = await this.#call("GET", `/interop/components?type=${type}`) as {
      id: string;
      providerId: string;
      config: Record<string, string[]>;
    }[];
    const hosts = policies.find(({ providerId }) => providerId === "trusted-hosts");
    if (hosts === undefined) throw new Error("Keycloak has no policy of trusted hosts");
    await this.put(`/components/${hosts.id}`, {
      ...hosts,
      config: { ...hosts.config, "trusted-hosts": ["127.0.0.1"] },
    });
  }

  /** Imported users lack the role that others have for a session that lasts. */
  async letStaySignedIn(username: string): Promise<void> {
    const role = await this.#call("GET", "/interop/roles/offline_access");
    const [user] = await this.#call("GET", `/interop/users?username=${username}`) as {
      id: string;
    }[];
    await this.#call("POST", `/interop/users/${user?.id}/role-mappings/realm`, [role]);
  }

  async endSessions(): Promise<void> {
    await this.#call("POST", "/interop/logout-all");
  }
}

function grantsOf(
  issuer: string,
  { client_secret }: Client,
  login: { username: string; password: string },
): OfferedGrant[] {
  const silent = { client_id: "interop-silent", client_secret };
  const secret = { client_id: "interop-secret", client_secret };
  const open = { client_id: "interop-public" };
  const endpoints = {
    authUrl: issuer,
    endpoints: {
      token: "/protocol/openid-connect/token",
      authorization: "/protocol/openid-connect/auth",
      revocation: "/protocol/openid-connect/revoke",
    },
  };
  return [
    { name: "client credentials", definition: { issuer }, credentials: silent },
    {
      name: "client credentials, Basic",
      definition: { issuer, clientAuthentication: "client_secret_basic" },
      credentials: silent,
    },
    {
      name: "password",
      definition: { issuer, grant: "password" },
      credentials: { ...silent, ...login },
    },
    {
      name: "code, loopback",
      method: "browser",
      definition: { ...endpoints, scope: "profile", grant: "authorization_code" },
      credentials: open,
    },
    {
      name: "code, paste",
      method: "paste",
      definition: {
        issuer,
        grant: "authorization_code",
        clientAuthentication: "client_secret_post",
      },
      credentials: secret,
    },
    {
      name: "code, openid by issuer",
      method: "browser",
      definition: { issuer, scope: "openid", grant: "authorization_code" },
      credentials: open,
    },
    {
      name: "code, openid by endpoints",
      method: "browser",
      definition: { ...endpoints, scope: "openid", grant: "authorization_code" },
      credentials: open,
    },
    {
      name: "device",
      method: "device",
      definition: { issuer, grant: "device_code" },
      credentials: open,
    },
  ];
}
