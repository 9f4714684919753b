import { assemble } from "../connect.ts";
import { checkOptions } from "../options/check_options.ts";
import type { ChosenCredentials } from "../credentials/credentials.ts";
import { AuthError } from "../errors.ts";
import { gather } from "../get_session.ts";
import { halfFile } from "../credentials/missing_credentials.ts";
import type { SessionOptions } from "../options/options.ts";
import type { Provider } from "../providers/provider.ts";
import { findProvider } from "../providers/registry.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { SessionParts } from "../session.ts";
import { inspectPath, type PathCondition } from "../store/inspect_path.ts";
import { configDirectories } from "../store/paths.ts";
import { examine, type Patient } from "./examine.ts";
import type { DoctorProblem } from "./facts.ts";
import { DoctorReport } from "./doctor_report.ts";
import { findings } from "./findings.ts";

/** Examines a system without signing in; see `doctor`. */
export async function examineProvider(
  provider: string | Provider,
  options: SessionOptions,
): Promise<DoctorReport> {
  const known = await findProvider(provider);
  checkOptions(options, "session", "doctor");
  const runtime = await currentRuntime();
  let problem: DoctorProblem | undefined;
  const note = (error: unknown) => {
    if (!(error instanceof AuthError)) throw error;
    problem ??= { code: error.code, message: error.message };
  };
  let found: ChosenCredentials = { values: {}, source: "nothing", missing: [] };
  let parts: SessionParts | null = null;
  try {
    const gathered = await gather(known, options, runtime);
    found = gathered;
    const half = halfFile(gathered.file, gathered.missing);
    if (half) note(half);
  } catch (error) {
    note(error);
  }
  try {
    parts = assembleToLook(known, options, runtime, found);
    await parts.keeper.adopt();
  } catch (error) {
    note(error);
  }
  return await report({
    runtime,
    provider: known,
    directory: options.directory,
    source: found.source,
    missing: found.missing,
    credentialsProblem: problem,
    parts,
    signal: options.signal,
    now: Date.now,
  });
}

/** Examines a session that is there; see `Session.doctor`. */
export async function examineSession(
  parts: SessionParts,
  signal: AbortSignal | undefined,
): Promise<DoctorReport> {
  const runtime = await currentRuntime();
  const { provider } = parts.system;
  const [usual] = configDirectories(runtime, provider.directory);
  return await report({
    runtime,
    provider,
    directory: parts.directory === usual ? undefined : parts.directory,
    source: parts.source,
    missing: [],
    credentialsProblem: undefined,
    parts,
    signal,
    now: parts.now,
  });
}

/** Puts together what would sign in, as far as there are values for it. */
function assembleToLook(
  provider: Provider,
  options: SessionOptions,
  runtime: Runtime,
  { values, source }: ChosenCredentials,
): SessionParts {
  // The probe's path may want a value that is missing; the servers can be asked all the same.
  const { probe: _, ...rest } = provider;
  const nobody = {
    person: () => Promise.reject(new AuthError("unsupported", "A doctor asks nobody.")),
  };
  return assemble(
    rest,
    options,
    runtime,
    nobody,
    undefined,
    { values: { ...provider.defaults, ...values }, source },
  );
}

async function report(patient: Patient): Promise<DoctorReport> {
  const { runtime, provider } = patient;
  // What a sign-in reads; the doctor itself looks at more, and can do without.
  const refused = runtime.refusedVariables();
  const facts = await examine(patient);
  const certificates: Record<string, PathCondition> = {};
  for (const name of ["DENO_CERT", "NODE_EXTRA_CA_CERTS"]) {
    const path = facts.settings[name];
    if (path !== undefined) certificates[name] = await inspectPath(runtime, path);
  }
  const unprefixed = Boolean(runtime.getEnvironment("CLIENT_ID"));
  return new DoctorReport(facts, findings(facts, { provider, certificates, unprefixed, refused }));
}
