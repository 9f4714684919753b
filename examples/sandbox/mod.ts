/**
 * Local stand-ins of the systems that `@onecell/auth` signs in to. They have the real paths and protocols,
 * create new secrets each time, and produce faults on request.
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
