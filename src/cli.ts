/**
 * `onecell`: sign in from a terminal.
 *
 * ```sh
 * deno run -A jsr:@onecell/auth/cli login spatiafi
 * npx @onecell/auth status
 * onecell token spatiafi --format header | curl -H @- https://api.spatiafi.com/api/…
 * ```
 *
 * `onecell help` lists the commands: `login`, `status`, `token`, `run`, `fetch`, `logout`, `switch`,
 * `providers`, `provider`, `import`, `doctor`, `scan`, `completions`. Exit codes: 0 done, 1 error, 2 usage
 * error, 130 cancelled with Ctrl-C, 143 ended by SIGTERM. `run` returns the exit code of its command.
 *
 * @module
 */
import { endSoon, processHost, runAsProgram, sayUnsupported } from "./cli/host.ts";
import { run, STOPPED } from "./cli/run.ts";

/**
 * Runs one command line in this process, with its input, output and signals.
 *
 * @param args the words after the program's name
 * @returns the exit code; it never rejects
 */
export async function main(args: string[]): Promise<number> {
  const host = await processHost().catch(sayUnsupported);
  if (host === undefined) return 1;
  const code = await run(args, host);
  if (Object.values(STOPPED).includes(code)) endSoon(code);
  return code;
}

await runAsProgram(import.meta, main);
