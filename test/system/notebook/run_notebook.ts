import { denoDir } from "../../../scripts/deno_dir.ts";

/** An output of a cell, as a notebook file keeps it. */
export interface Output {
  output_type: "stream" | "display_data" | "execute_result" | "error";
  name?: string;
  text?: string | string[];
  data?: Record<string, unknown>;
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

/** A notebook file (nbformat 4), as far as the tests read it. */
export interface Notebook {
  cells: { cell_type: string; source: string | string[]; outputs?: Output[]; id?: string }[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
}

/** A person's answer: at once, after a while, after pressing the stop button, or found at that moment. */
export type Answer =
  | string
  | { answer: string; after?: number; interrupt?: boolean }
  | (() => string | Promise<string>);

/** One display message, as the person sees it. */
export interface Shown {
  cell: number;
  update: boolean;
  id: string | null;
  data: Record<string, string>;
}

/** How to run a notebook. */
export interface RunOptions {
  /** The notebook, or the path of an `.ipynb` file; or else `cells`. */
  notebook?: Notebook | string;
  /** The sources of the code cells. */
  cells?: string[];
  /** The folder that the kernel starts in. Default: a fresh one in which `@onecell/auth` is known. */
  directory?: string;
  /** The person's answers, in order; then empty ones. */
  answers?: Answer[];
  /** False without a person. Then `prompt` returns `null`. */
  allowStdin?: boolean;
  /** Variables in addition to the few that a kernel needs. `HOME` is a fresh folder by default. */
  env?: Record<string, string>;
  /** Presses the stop button in a cell, counted from 0. */
  interruptAt?: { cell: number; seconds: number };
  /** Called at once with every display message. `stop` presses the stop button. */
  onDisplay?: (shown: Shown, stop: () => void) => unknown;
  /** The time limit for a cell, in seconds. */
  cellTimeout?: number;
  /** False to stop at the first error, as "run all" does. */
  keepGoing?: boolean;
}

/** The result of running a notebook. */
export interface RunResult {
  /** One for each code cell that ran. `cell` counts all cells from 0. */
  cells: {
    cell: number;
    status: "ok" | "error" | "timeout" | "kernel_died";
    seconds: number;
    /** How long the kernel was busy with it, in seconds, if it ended. */
    busy?: number;
    outputs: Output[];
  }[];
  /** The prompts, and whether each was masked. */
  prompts: { cell: number; prompt: string; password: boolean }[];
  /** Every display message in order, including replaced ones. */
  displays: Shown[];
  /** True if the kernel was alive after the last cell. */
  kernelAlive: boolean;
  /** Seconds until the kernel was ready. */
  startSeconds: number;
  /** The notebook as it would be saved. */
  notebook: Notebook;
}

const root = new URL("../../../", import.meta.url);
let python: Promise<string | null> | undefined;

/**
 * The Python that has jupyter_client: `ONECELL_PYTHON`, the one on the path, or the system's. `null`, with
 * a line that says why, if there is none. Under `CI=true` that is an error.
 */
export function findPython(): Promise<string | null> {
  return python ??= choosePython();
}

async function choosePython(): Promise<string | null> {
  const chosen = Deno.env.get("ONECELL_PYTHON");
  for (const candidate of chosen ? [chosen] : ["python3", "/usr/bin/python3"]) {
    try {
      const args = ["-c", "import jupyter_client"];
      const { success } = await new Deno.Command(candidate, { args, stderr: "null" }).output();
      if (success) return candidate;
    } catch {
      // It is not there, so try the next one.
    }
  }
  const why = "The tests with a real kernel need a Python with jupyter_client (pip install " +
    "jupyter_client), on the path or named by ONECELL_PYTHON.";
  if (Deno.env.get("CI") === "true") throw new Error(why);
  Deno.stderr.writeSync(new TextEncoder().encode(`skipped: ${why}\n`));
  return null;
}

/**
 * Runs a notebook in a real Deno kernel, without personal settings or installed packages.
 *
 * @param options what to run, and the person's answers
 * @throws if the kernel cannot be controlled; errors of cells are in the result
 */
export async function runNotebook(options: RunOptions): Promise<RunResult> {
  const python = await findPython();
  if (python === null) throw new Error("no Python with jupyter_client");
  const work = await Deno.makeTempDir({ prefix: "onecell-notebook-" });
  try {
    const [kernelDirectory, home, project] = await Promise.all(
      ["kernel", "home", "project"].map(async (name) => {
        await Deno.mkdir(`${work}/${name}`, { mode: 0o700 });
        return `${work}/${name}`;
      }) as [Promise<string>, Promise<string>, Promise<string>],
    );
    // The kernel reads the deno.json of its folder, so `jsr:@onecell/auth` is this working tree.
    const link = decodeURIComponent(root.pathname).replace(/\/$/, "");
    await writeJson(`${project}/deno.json`, { links: [link], lock: false });
    await (downloaded ??= download(project));
    await writeJson(`${kernelDirectory}/kernel.json`, {
      argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"],
      display_name: "Deno",
      language: "typescript",
    });
    const request = {
      notebook: await loadNotebook(options),
      answers: (options.answers ?? []).map((answer) =>
        typeof answer === "function" ? { live: true } : answer
      ),
      allowStdin: options.allowStdin ?? true,
      interruptAt: options.interruptAt ?? null,
      cellTimeout: options.cellTimeout ?? 30,
      keepGoing: options.keepGoing ?? true,
      directory: options.directory ?? project,
      env: { ...await kernelEnvironment(home, work), ...options.env },
      kernelDirectory,
      startTimeout: 60,
      quiet: 0.15,
    };
    return await drive(python, request, work, options);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** The text that a reader sees in a saved output: streams, plain text, errors. */
export function textOf(outputs: Output[]): string {
  const joined = (text: unknown) => Array.isArray(text) ? text.join("") : String(text ?? "");
  return outputs.map((output) =>
    output.output_type === "error"
      ? joined(output.traceback)
      : joined(output.text ?? output.data?.["text/plain"])
  ).join("\n");
}

async function drive(
  python: string,
  request: unknown,
  work: string,
  options: RunOptions,
): Promise<RunResult> {
  const script = decodeURIComponent(new URL("./drive.py", import.meta.url).pathname);
  const child = new Deno.Command(python, {
    args: [script],
    env: { JUPYTER_RUNTIME_DIR: `${work}/runtime`, PYTHONDONTWRITEBYTECODE: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const problems = new Response(child.stderr).text();
  const writer = child.stdin.getWriter();
  const send = (command: unknown) =>
    writer.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
  const live = (options.answers ?? []).filter((answer) => typeof answer === "function");
  let result: RunResult | undefined;
  await send(request);
  for await (const line of child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(lines())) {
    const { event, content } = JSON.parse(line);
    if (event === "display") {
      options.onDisplay?.(content, () => void send({ interrupt: true }).catch(() => {}));
    } else if (event === "question") await send({ answer: await live.shift()?.() ?? "" });
    else {
      result = content;
      await writer.close();
    }
  }
  await child.status;
  const said = await problems;
  if (result === undefined) throw new Error(`drive.py failed:\n${said}`);
  for (const cell of result.cells) cell.outputs = result.notebook.cells[cell.cell]?.outputs ?? [];
  return result;
}

/** Splits a text into its lines. */
function lines(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(chunk, controller) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) controller.enqueue(part);
    },
  });
}

async function loadNotebook({ notebook, cells }: RunOptions): Promise<Notebook> {
  if (typeof notebook === "string") return JSON.parse(await Deno.readTextFile(notebook));
  if (notebook) return notebook;
  return {
    cells: (cells ?? []).map((source, index) => ({
      cell_type: "code",
      source,
      id: `cell-${index}`,
      metadata: {},
      outputs: [],
      execution_count: null,
    })),
    metadata: { kernelspec: { name: "deno", display_name: "Deno", language: "typescript" } },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

/** Only the variables that a kernel needs, without personal ones, credentials or settings. */
let downloaded: Promise<void> | undefined;

/** Downloads the packages once, with this process's settings, because the kernel has none of them. */
async function download(project: string): Promise<void> {
  const entry = `${project}/download.ts`;
  await Deno.writeTextFile(entry, 'import "jsr:@onecell/auth";\n');
  const command = new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--no-check", "download.ts"],
    cwd: project,
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  await Deno.remove(entry);
  if (!success) throw new Error(`deno cache failed:\n${new TextDecoder().decode(stderr)}`);
}

async function kernelEnvironment(home: string, work: string): Promise<Record<string, string>> {
  return {
    PATH: Deno.env.get("PATH") ?? "",
    HOME: home,
    // Downloads are reused. The rest of the home is fresh.
    DENO_DIR: await denoDir(),
    NO_COLOR: "1",
    TMPDIR: work,
  };
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value));
}
