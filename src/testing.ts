/**
 * Helpers to test programs that use `@onecell/auth`: a fake session, a fake person, and a sandbox that
 * stands in for the systems on this machine.
 *
 * ```ts
 * import { fakeSession } from "@onecell/auth/testing";
 *
 * const session = fakeSession((request) => Response.json({ asked: new URL(request.url).pathname }));
 * const answer = await session.json<{ asked: string }>("/api/info");
 * if (answer.asked !== "/api/info") throw new Error("the fake got another path");
 * ```
 *
 * @module
 */
export { type FakePerson, fakePerson } from "./testing/fake_person.ts";
export { type FakeHandler, fakeSession } from "./testing/fake_session.ts";
export { type Fault, FAULTS } from "./testing/sandbox/fault.ts";
export type { Sandbox, SandboxOptions } from "./testing/sandbox/sandbox.ts";
export type { RequestRecord } from "./testing/sandbox/sandbox_state.ts";
export { startSandbox } from "./testing/sandbox/start_sandbox.ts";
export type {
  SandboxClient,
  SandboxUser,
  SystemName as SandboxSystem,
} from "./testing/sandbox/system.ts";
export { sandboxSystems } from "./testing/sandbox/systems/registry.ts";
