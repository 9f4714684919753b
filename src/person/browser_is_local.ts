import type { Runtime } from "../runtime/runtime.ts";

/** Variables of hosted notebooks, cloud workspaces and remote editors: the browser is elsewhere. */
const elsewhere = [
  "JUPYTERHUB_USER",
  "JUPYTERHUB_API_URL",
  "CODESPACES",
  "GITPOD_WORKSPACE_ID",
  "COLAB_RELEASE_TAG",
  "KAGGLE_KERNEL_RUN_TYPE",
  "KUBERNETES_SERVICE_HOST",
  "REMOTE_CONTAINERS",
];

/**
 * Says whether a browser on this machine, used by the person, can reach a loopback port here.
 *
 * No sign is certain, so a doubt counts as "no": a device code or a pasted code works
 * everywhere, while a redirect to a loopback port nobody listens on is a dead end.
 *
 * - Linux needs a display, in a notebook too: a kernel inherits `DISPLAY` from the desktop Jupyter
 *   was started on, and a server, a container or a cloud workspace has none. The Linux inside
 *   Windows (WSL) needs none: Windows forwards its loopback.
 * - Over SSH a forwarded display shows a browser of this machine to a terminal; a notebook's page
 *   is shown by a browser at the other end.
 * - macOS and Windows without any of these signs count as the person's own machine. A notebook
 *   server there that is used from another machine without SSH is not recognised: the card then
 *   says how to reach the port.
 *
 * Reads few variables, in the order that settles it soonest: each can cost a permission question.
 *
 * @param runtime for the environment and the platform
 * @param notebook whether the person sits at a notebook
 */
export function browserIsLocal(
  runtime: Pick<Runtime, "getEnvironment" | "platform">,
  notebook: boolean,
): boolean {
  const has = (name: string) => (runtime.getEnvironment(name) ?? "") !== "";
  const desktop = runtime.platform === "darwin" || runtime.platform === "windows";
  const display = desktop || has("DISPLAY") || has("WAYLAND_DISPLAY");
  const insideWindows = !desktop && has("WSL_DISTRO_NAME");
  if (!display && !insideWindows) return false;
  if (elsewhere.some(has)) return false;
  if (has("SSH_CONNECTION")) return display && !desktop && !notebook;
  // The terminals and kernels of a remote VS Code have it, those of a local one do not.
  return insideWindows || !has("VSCODE_IPC_HOOK_CLI");
}
