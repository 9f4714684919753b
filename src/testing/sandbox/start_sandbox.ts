import {
  approveDevice,
  completeSignIn,
  denyDevice,
  denySignIn,
  signInForPackage,
} from "./browser.ts";
import { controlHandler } from "./control_handler.ts";
import { type Fault, FAULTS } from "./fault.ts";
import { type Listener, openListener } from "./open_listener.ts";
import { randomSecret } from "./random_secret.ts";
import type { Sandbox, SandboxOptions } from "./sandbox.ts";
import { SandboxState } from "./sandbox_state.ts";
import type { RunningSystem, SandboxUser, System } from "./system.ts";
import { registry } from "./systems/registry.ts";

/**
 * Starts stand-ins of the systems on 127.0.0.1. Users, clients, keys and secrets are new each time.
 *
 * @example
 * ```ts
 * await using sandbox = await startSandbox({ systems: ["spatiafi"] });
 * const token = await fetch(`${sandbox.environment.SPATIAFI_AUTH_URL}/api/v1/auth/jwt/token/basic`);
 * ```
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const state = new SandboxState({
    tokenLifetime: checkLifetime(options.tokenLifetime ?? 900),
    rotateRefreshToken: options.rotateRefreshToken ?? true,
  });
  const users = createUsers();
  const listeners: Listener[] = [];
  // A system has the same ports, no matter which others are started.
  const open = async (offset: number): Promise<Listener> => {
    const listener = await openListener(state, options.port ? options.port + offset : 0);
    listeners.push(listener);
    return listener;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(listeners.splice(0).map((listener) => listener.stop()));
  };

  const startSystem = async (system: System, index: number): Promise<RunningSystem> => {
    const auth = await open(1 + 2 * index);
    const api = system.sameOrigin ? auth : await open(2 + 2 * index);
    return await system.start({ state, users, auth, api });
  };

  try {
    const control = await open(0);
    const wanted = registry.map((system, index) => ({ system, index }))
      .filter(({ system }) => options.systems?.includes(system.name) ?? true);
    const running = await Promise.all(
      wanted.map(({ system, index }) => startSystem(system, index)),
    );
    const person = users[0];
    const environment: Record<string, string> = { SANDBOX_CONTROL_URL: control.origin };
    const clients: Sandbox["clients"] = {};
    for (const part of running) {
      Object.assign(environment, part.environment);
      Object.assign(clients, part.clients);
    }
    const sandbox: Sandbox = {
      environment,
      users,
      clients,
      counters: state.counters,
      requests: state.requests,
      errors: state.errors,
      count: (name) => state.counters[name] ?? 0,
      client: (name) => {
        const client = clients[name];
        if (!client) throw new Error(`No client "${name}": ${Object.keys(clients).join(", ")}`);
        return client;
      },
      fault: (endpoint, fault, times = 1) => state.faults.add(endpoint, findFault(fault), times),
      clearFaults: () => state.faults.clear(),
      setTokenLifetime: (seconds) => void (state.tokenLifetime = checkLifetime(seconds)),
      revokeAccessTokens: () => void state.generation++,
      reset: () => state.reset(),
      completeSignIn: (url) => completeSignIn(url, person),
      approveDevice: (url) => approveDevice(url, person),
      denySignIn: (url) => denySignIn(url, person),
      denyDevice: (url) => denyDevice(url, person),
      signInForPackage: () => signInForPackage(environment.FOURINSIGHT_AUTH_URL ?? "", person),
      stop,
      [Symbol.asyncDispose]: stop,
    };
    control.serve({
      name: "control",
      endpointOf: (pathname) => pathname.slice(1) || "root",
      handle: controlHandler(sandbox),
    });
    return sandbox;
  } catch (error) {
    await stop();
    throw error;
  }
}

function createUsers(): [SandboxUser, SandboxUser] {
  // These characters break form decoding, shell quoting and splitting at the last colon.
  return [
    { username: `user-${randomSecret(6)}@example.com`, password: `a:%41+b&${randomSecret(18)}=` },
    {
      username: `jürgen-${randomSecret(6)}@example.com`,
      password: `pâss:wörd€${randomSecret(18)}`,
    },
  ];
}

function checkLifetime(seconds: number): number {
  if (Number.isSafeInteger(seconds) && seconds > 0) return seconds;
  throw new RangeError(`A token lifetime is a whole number of seconds above 0, not ${seconds}.`);
}

function findFault(fault: Fault | string): Fault {
  if (typeof fault !== "string") return fault;
  const found = FAULTS[fault];
  if (!found) throw new RangeError(`No fault "${fault}": ${Object.keys(FAULTS).join(", ")}`);
  return found;
}
