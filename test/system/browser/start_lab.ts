import type { Notebook } from "../notebook/run_notebook.ts";
import { denoDir } from "../../../scripts/deno_dir.ts";

/** The frontends to test: the Python module of each, and its URL path for a notebook. */
export const FRONTENDS = {
  "JupyterLab": { module: "jupyterlab", app: "LabApp", page: "doc/tree" },
  "Notebook 7": { module: "notebook", app: "JupyterNotebookApp", page: "notebooks" },
} as const;

/** The name of a frontend. */
export type Frontend = keyof typeof FRONTENDS;

/** A running frontend whose kernels use this working tree as `jsr:@onecell/auth`. */
export interface Lab extends AsyncDisposable {
  /** The folder of the notebooks. */
  readonly folder: string;
  /** The home of the kernels, which contains everything they save. */
  readonly home: string;
  /** The address of a notebook, alone on its page. The first one signs the browser in. */
  address(name: string): string;
  /** Puts a notebook into the folder. */
  write(name: string, notebook: Notebook): Promise<void>;
  /** The notebook as it was saved. */
  read(name: string): Promise<Notebook>;
}

const root = new URL("../../../", import.meta.url);
/** The time limit for starting the server, in milliseconds. */
const STARTING_TIME = 60_000;

/**
 * Starts a frontend on the loopback interface, with its own settings, data and kernels.
 *
 * @param frontend which one
 * @param python a Python that has the frontend
 * @param environment variables for the kernels
 */
export async function startLab(
  frontend: Frontend,
  python: string,
  environment: Record<string, string>,
): Promise<Lab> {
  const { module, app, page } = FRONTENDS[frontend];
  const work = await Deno.makeTempDir({ prefix: "onecell-lab-" });
  const [folder, home] = [`${work}/notebooks`, `${work}/home`];
  for (const path of [folder, home, `${work}/data/kernels/deno`]) {
    await Deno.mkdir(path, { recursive: true });
  }
  const link = decodeURIComponent(root.pathname).replace(/\/$/, "");
  await writeJson(`${folder}/deno.json`, { links: [link], lock: false });
  await writeJson(`${work}/data/kernels/deno/kernel.json`, {
    argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"],
    display_name: "Deno",
    language: "typescript",
    // Without a browser to open, because the test has its own.
    env: { ...environment, HOME: home, DENO_DIR: await denoDir(), NO_COLOR: "1", PATH: "" },
  });
  const settings = `${work}/config/lab/user-settings/@jupyterlab/apputils-extension`;
  await Deno.mkdir(settings, { recursive: true });
  await writeJson(`${settings}/notification.jupyterlab-settings`, {
    fetchNews: "false",
    checkForUpdates: false,
  });
  const [port, token] = [freePort(), crypto.randomUUID()];
  const server = new Deno.Command(python, {
    args: [
      "-m",
      module,
      "--no-browser",
      "--allow-root",
      "--ServerApp.ip=127.0.0.1",
      `--ServerApp.port=${port}`,
      "--ServerApp.port_retries=0",
      `--ServerApp.root_dir=${folder}`,
      `--${app}.expose_app_in_browser=True`,
      // It would fetch news and updates from elsewhere.
      "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    ],
    env: {
      JUPYTER_TOKEN: token,
      JUPYTER_CONFIG_DIR: `${work}/config`,
      JUPYTER_DATA_DIR: `${work}/data`,
      JUPYTER_RUNTIME_DIR: `${work}/runtime`,
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = new Response(server.stderr).text();
  const stop = async () => {
    server.kill("SIGTERM");
    await server.status;
    await said;
    await Deno.remove(work, { recursive: true });
  };
  const origin = `http://127.0.0.1:${port}`;
  if (!await answers(`${origin}/api`)) {
    await stop();
    throw new Error(`${frontend} did not start:\n${await said}`);
  }
  return {
    folder,
    home,
    address: (name) => `${origin}/${page}/${name}.ipynb?token=${token}`,
    write: (name, notebook) => writeJson(`${folder}/${name}.ipynb`, notebook),
    read: async (name) => JSON.parse(await Deno.readTextFile(`${folder}/${name}.ipynb`)),
    [Symbol.asyncDispose]: stop,
  };
}

/** Waits until a server responds. */
async function answers(url: string): Promise<boolean> {
  for (const until = Date.now() + STARTING_TIME; Date.now() < until;) {
    try {
      await (await fetch(url)).body?.cancel();
      return true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  return false;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value));
}
