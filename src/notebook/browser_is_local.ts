import type { Runtime } from "../runtime/runtime.ts";

/** Variables that a hosted notebook or a remote editor sets: the browser is somewhere else. */
const hosted = [
  "JUPYTERHUB_USER",
  "JUPYTERHUB_API_URL",
  "JUPYTERHUB_SERVICE_PREFIX",
  "CODESPACES",
  "GITPOD_WORKSPACE_ID",
  "COLAB_RELEASE_TAG",
  "COLAB_BACKEND_VERSION",
  "KAGGLE_KERNEL_RUN_TYPE",
  "DATABRICKS_RUNTIME_VERSION",
  "SAGEMAKER_INTERNAL_IMAGE_URI",
  "REMOTE_CONTAINERS",
  "KUBERNETES_SERVICE_HOST",
];

/**
 * Says whether a browser on this machine, used by the person, can reach a loopback port here.
 *
 * Nothing tells for certain, so a doubt counts as "no": a device code or a pasted code works
 * everywhere, while a redirect to a loopback port nobody listens on is a dead end. On Linux a
 * display has to be there, in a notebook too: a kernel inherits `DISPLAY` from the desktop that
 * started Jupyter, and a server or a container has none.
 *
 * @param runtime for the environment and the platform
 * @param notebook whether the person sits at a notebook
 */
export function browserIsLocal(
  runtime: Pick<Runtime, "getEnvironment" | "platform">,
  notebook: boolean,
): boolean {
  const has = (name: string) => (runtime.getEnvironment(name) ?? "") !== "";
  if (hosted.some(has)) return false;
  const display = has("DISPLAY") || has("WAYLAND_DISPLAY");
  if (has("SSH_CONNECTION") || has("SSH_CLIENT") || has("SSH_TTY")) {
    // A forwarded X display shows a browser of this machine; a notebook's page is shown by another.
    return display && !notebook;
  }
  // Windows forwards its own loopback to the Linux inside it.
  if (has("WSL_DISTRO_NAME")) return true;
  // Set in the terminals of a remote VS Code server, and in no local one.
  if (has("VSCODE_IPC_HOOK_CLI")) return false;
  return runtime.platform === "darwin" || runtime.platform === "windows" || display;
}
