/**
 * A local stand-in for the systems that `@onecell/auth` signs in to: real paths, real protocol,
 * generated secrets, and faults on request.
 *
 * @module
 */
export {
  type Fault,
  FAULTS,
  type RequestRecord,
  type Sandbox,
  type SandboxClient,
  type SandboxOptions,
  type SandboxSystem as SystemName,
  type SandboxUser,
  startSandbox,
} from "@onecell/auth/testing";
