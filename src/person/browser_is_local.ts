import type { Runtime } from "../runtime/runtime.ts";

/** Variables of hosted notebooks, cloud workspaces and remote editors: the browser is on another machine. */
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
 * Guesses whether the person's browser can reach a loopback port on this machine.
 *
 * No sign is certain, so the result is false if in doubt: a device code or a pasted code works
 * everywhere, but a redirect to a loopback port on another machine is a dead end.
 *
 * - Linux needs a display, even for a notebook: a kernel inherits `DISPLAY` from the desktop where
 *   Jupyter was started. A server, a container or a cloud workspace has none. Linux inside Windows
 *   (WSL) needs none, because Windows forwards its loopback.
 * - Over SSH with a forwarded display, a terminal opens a browser on this machine. A notebook's page
 *   is open in a browser at the other end.
 * - macOS and Windows without any of these signs count as the person's own machine. A notebook
 *   server there that is used from another machine without SSH is not recognised; the card then
 *   says how to reach the port.
 *
 * Reads as few variables as possible, the most decisive first, because each one can cause a
 * permission prompt.
 *
 * @param runtime gives the environment and the platform
 * @param notebook whether the person uses a notebook
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
  // A remote VS Code sets this in its terminals and kernels; a local one does not.
  return insideWindows || !has("VSCODE_IPC_HOOK_CLI");
}
