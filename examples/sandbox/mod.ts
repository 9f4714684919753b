/**
 * Local stand-ins of the systems that `@onecell/auth` signs in to, with their real paths and
 * protocols, new secrets each time, and faults on request.
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
