/**
 * A local stand-in for the systems that `@onecell/auth` signs in to: real paths, real protocol,
 * generated secrets, and faults on request.
 *
 * @module
 */
export { type Fault, FAULTS } from "./fault.ts";
export type { Sandbox, SandboxOptions } from "./sandbox.ts";
export type { RequestRecord } from "./sandbox_state.ts";
export { startSandbox } from "./start_sandbox.ts";
export type { SandboxClient, SandboxUser, SystemName } from "./system.ts";
