let found: Promise<string> | undefined;

/**
 * The folder of this Deno's downloads. A program with a home of its own needs it as `DENO_DIR`, because
 * the default is below the home folder.
 */
export function denoDir(): Promise<string> {
  return found ??= readDenoDir();
}

async function readDenoDir(): Promise<string> {
  const args = ["info", "--json"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "null" }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string }).denoDir;
}
