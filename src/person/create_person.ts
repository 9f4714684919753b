import { AuthError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Advice, IN_NOTEBOOK, IN_SCRIPT, type Person } from "./person.ts";
import { type Display, notebookDisplay, terminalDisplay } from "./display.ts";
import { plain } from "../base/text.ts";
import { findKernel, interruptible, type Kernel } from "./kernel.ts";
import type { Person as GivenPerson } from "../interface/person.ts";
import { renderCard } from "./card.ts";

/** Options that override the defaults, for tests and for the command. */
export interface PersonOptions {
  /** The kernel, or `null` outside a notebook. */
  kernel?: Kernel | null;
  /** The clock, in epoch milliseconds. */
  now?: () => number;
  /** The advice for the person. */
  advice?: Advice;
}

/**
 * Finds out how to reach the person: in a notebook, at a terminal, or not at all. Create one for each
 * sign-in.
 *
 * @param runtime the runtime this code runs in
 * @param options the kernel, the clock and the advice
 */
export function createPerson(runtime: Runtime, options: PersonOptions = {}): Person {
  const kernel = options.kernel === undefined ? findKernel() : options.kernel;
  const now = options.now ?? Date.now;
  const advice = options.advice ?? (kernel ? IN_NOTEBOOK : IN_SCRIPT);
  const stopped = `Sign-in cancelled. ${advice.again}`;
  let kind: Person["kind"] = kernel
    ? "notebook"
    : runtime.inputIsTerminal()
    ? "terminal"
    : "nobody";
  let display: Display | undefined;

  const getDisplay = () =>
    display ??= kernel
      ? notebookDisplay(kernel, now, advice)
      : terminalDisplay(runtime, now, advice);

  const isLocal = () => kind !== "nobody" && browserIsLocal(runtime, kernel !== null);

  /** Ends the card, so that the notebook saves neither its link nor its code. */
  const endCard = async (error: unknown) => {
    const message = error instanceof AuthError ? error.message : "The sign-in failed.";
    await display?.settle(message);
  };

  return {
    get kind() {
      return kind;
    },
    get browserIsLocal() {
      return isLocal();
    },
    async ask({ text, secret }) {
      if (kind === "nobody") return null;
      // A prompt may contain a server's text.
      const question = `${plain(text)}: `;
      if (!kernel) return await runtime.ask(question, secret);
      try {
        await display?.asking(true);
        const ask = () => askKernel(kernel, question, secret);
        const answer = await interruptible(runtime, ask, stopped);
        await display?.asking(false);
        // In a notebook `null` is final. In a terminal it may be just one cancelled prompt.
        if (answer === null) kind = "nobody";
        return answer;
      } catch (error) {
        await endCard(error);
        throw error;
      }
    },
    async show(state) {
      // End an existing card even if it turns out that nobody can be prompted. If there is no card, the
      // error alone says what failed.
      const isEnd = state.kind === "failed" || kind === "nobody";
      if (!isEnd || display) await getDisplay().show(state);
    },
    async open(url) {
      return isLocal() && await runtime.openBrowser(url);
    },
    async interruptible(wait) {
      const card = display;
      const stop = card?.waiting();
      try {
        const result = await interruptible(runtime, wait, stopped);
        stop?.();
        await card?.settle();
        return result;
      } catch (error) {
        stop?.();
        await endCard(error);
        throw error;
      }
    },
  };
}

/**
 * Prompts in the notebook. `prompt` blocks the isolate, so an interrupt arrives only afterwards. A listener
 * has to exist before that, or the interrupt ends the kernel.
 */
async function askKernel(
  kernel: Kernel,
  question: string,
  secret: boolean,
): Promise<string | null> {
  const answer = kernel.prompt(question, secret);
  if (answer !== null) await new Promise((resolve) => setTimeout(resolve, 10));
  return answer;
}

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

/** An absent person: every prompt returns `null`. */
const nobody: Person = {
  kind: "nobody",
  browserIsLocal: false,
  ask: () => Promise.resolve(null),
  show: () => Promise.resolve(),
  open: () => Promise.resolve(false),
  interruptible: (wait) => wait(new AbortController().signal),
};

/** Returns whom to prompt: the caller's person, nobody, or the person at the notebook or terminal. */
export function personFor(
  { interactive, person }: { interactive?: boolean; person?: GivenPerson },
  runtime: Runtime,
): Person {
  if (interactive === false) return nobody;
  if (person === undefined) return createPerson(runtime);
  // A person from this module, such as the command's, draws its own cards.
  return isOwn(person) ? person : attended(person);
}

const isOwn = (person: object): person is Person => "interruptible" in person;

/** Adapts a caller's person, who sees cards as text, to the interface that a sign-in needs. */
function attended(person: GivenPerson): Person {
  return {
    kind: "notebook",
    browserIsLocal: person.open !== undefined,
    ask: async (question) => await person.ask(question),
    async show(state) {
      const { text } = renderCard(state, Date.now());
      await person.show?.({ kind: state.kind, title: state.title, text });
    },
    open: async (url) => await person.open?.(url) ?? false,
    interruptible: (wait) => wait(new AbortController().signal),
  };
}
