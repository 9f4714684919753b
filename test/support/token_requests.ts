import { getSession } from "../../mod.ts";
import type { SystemName } from "../../examples/sandbox/mod.ts";
import type { Session } from "../../mod.ts";
import { scriptedPerson } from "./person.ts";
import { changeSavedToken, createWorld, oidcProvider, type World } from "./world.ts";

/** One way to reach the token endpoint, with all earlier steps done. */
export interface TokenRequest {
  name: string;
  system: SystemName;
  /** Sent once, unless the server says that it did not process it (429, 503). */
  once: boolean;
  /**
   * Prepares a world. The function it returns makes the one token request to look at, and reports when
   * it begins, if that is later.
   */
  prepare(world: World, timeout: number): Promise<(begins: () => void) => Promise<Session>>;
}

const byClientCredentials = (system: SystemName): TokenRequest => ({
  name: `client_credentials (${system})`,
  system,
  once: false,
  prepare: ({ options, credentials }, timeout) =>
    Promise.resolve(() => getSession(system, { ...options, credentials, timeout })),
});

/** Every grant at its token endpoint. */
export const TOKEN_REQUESTS: readonly TokenRequest[] = [
  byClientCredentials("plantpredict"),
  byClientCredentials("spatiafi"),
  {
    name: "password",
    system: "plantpredict-okta",
    once: false,
    prepare: ({ options, credentials, user }, timeout) =>
      Promise.resolve(() =>
        getSession("plantpredict-okta", {
          ...options,
          credentials: { ...credentials, ...user },
          timeout,
        })
      ),
  },
  {
    name: "refresh_token",
    system: "plantpredict-okta",
    once: true,
    async prepare({ options, credentials, user, directory }, timeout) {
      const known = { ...credentials, username: user.username };
      await getSession("plantpredict-okta", { ...options, credentials: { ...known, ...user } });
      await changeSavedToken(directory, (token) => token["expires_at"] = Date.now() / 1000 - 1);
      return () => getSession("plantpredict-okta", { ...options, credentials: known, timeout });
    },
  },
  {
    name: "authorization_code (pasted)",
    system: "fourinsight",
    once: true,
    async prepare({ sandbox, options, credentials }, timeout) {
      const pasted = await sandbox.signInForPackage();
      const person = scriptedPerson({ answers: [pasted] });
      const asked = { ...options, credentials, interactive: true, person, timeout };
      return () => getSession("fourinsight", asked);
    },
  },
  {
    name: "authorization_code (redirect)",
    system: "oidc",
    once: true,
    prepare(world, timeout) {
      const { sandbox, directory, credentials } = world;
      return Promise.resolve((begins) => {
        const answer = async () => {
          const link = person.shown.findLast(({ kind }) => kind === "link");
          const address = await sandbox.completeSignIn(link?.kind === "link" ? link.url : "");
          begins();
          return address;
        };
        const person = scriptedPerson({ answers: [answer] });
        const options = { directory, credentials, person, method: "paste", timeout } as const;
        return getSession(oidcProvider(world), options);
      });
    },
  },
];

/** Starts a world for one way to sign in, and applies a fault to its token requests. */
export async function underFault(
  request: TokenRequest,
  fault: Parameters<World["sandbox"]["fault"]>[1],
  times: number,
  timeout: number,
): Promise<World & { send: () => Promise<Session>; endpoint: string; took: () => number }> {
  const world = await createWorld(request.system);
  try {
    const prepared = await request.prepare(world, timeout);
    const endpoint = `${request.system}.token`;
    let began = 0;
    const begins = () => void (began = performance.now());
    const send = () => {
      begins();
      return prepared(begins);
    };
    world.sandbox.reset();
    world.sandbox.fault(endpoint, fault, times);
    return Object.assign(world, { send, endpoint, took: () => performance.now() - began });
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
}
