import assert from "node:assert/strict";
import { browserIsLocal } from "../../src/person/create_person.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { fakeRuntime } from "../support/fakes.ts";

const display = { DISPLAY: ":0" };
const ssh = { SSH_CONNECTION: "10.0.0.2 50022 10.0.0.1 22" };

/** Description, platform, environment, in a terminal, in a notebook. */
const cases: [string, Runtime["platform"], Record<string, string>, boolean, boolean][] = [
  ["a Linux desktop", "linux", display, true, true],
  ["a Wayland desktop", "linux", { WAYLAND_DISPLAY: "wayland-0" }, true, true],
  ["a server or a container", "linux", {}, false, false],
  ["an empty DISPLAY", "linux", { DISPLAY: "" }, false, false],
  ["SSH", "linux", ssh, false, false],
  ["SSH with a forwarded display", "linux", { ...ssh, DISPLAY: "localhost:10.0" }, true, false],
  ["macOS", "darwin", {}, true, true],
  ["macOS over SSH", "darwin", ssh, false, false],
  ["Windows", "windows", {}, true, true],
  ["the Linux in Windows", "linux", { WSL_DISTRO_NAME: "Debian" }, true, true],
  ["VS Code in it", "linux", { WSL_DISTRO_NAME: "Debian", VSCODE_IPC_HOOK_CLI: "/x" }, true, true],
  ["a remote VS Code", "darwin", { VSCODE_IPC_HOOK_CLI: "/tmp/x.sock" }, false, false],
  ["JupyterHub", "linux", { ...display, JUPYTERHUB_USER: "ada" }, false, false],
  ["JupyterHub, by its API", "darwin", { JUPYTERHUB_API_URL: "http://hub" }, false, false],
  ["Codespaces", "linux", { ...display, CODESPACES: "true" }, false, false],
  ["Gitpod", "linux", { ...display, GITPOD_WORKSPACE_ID: "x" }, false, false],
  ["Colab", "linux", { ...display, COLAB_RELEASE_TAG: "x" }, false, false],
  ["a development container", "linux", { ...display, REMOTE_CONTAINERS: "true" }, false, false],
];

for (const [what, platform, environment, terminal, notebook] of cases) {
  Deno.test(`browserIsLocal() on ${what}`, () => {
    const runtime = fakeRuntime({ platform, environment });
    assert.deepEqual([browserIsLocal(runtime, false), browserIsLocal(runtime, true)], [
      terminal,
      notebook,
    ]);
  });
}
