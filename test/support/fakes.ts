import type { Kernel } from "../../src/person/kernel.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";

/** A runtime in which nothing happens except what the test does. */
export interface FakeRuntime extends Runtime {
  /** The text written to standard error. */
  readonly written: string[];
  /** The URLs opened in the browser. */
  readonly opened: string[];
  /** The listeners for SIGINT. */
  readonly listeners: Set<() => void>;
  /** The person's input, in order; then `null`. */
  readonly answers: (string | null)[];
}

/** The properties of a {@linkcode fakeRuntime}. */
export interface FakeOptions {
  platform?: Runtime["platform"];
  environment?: Record<string, string>;
  inputIsTerminal?: boolean;
  errorIsTerminal?: boolean;
  answers?: (string | null)[];
  home?: string;
}

/** Creates a runtime for a test. Members that it does not have throw. */
export function fakeRuntime(options: FakeOptions = {}): FakeRuntime {
  const written: string[] = [];
  const opened: string[] = [];
  const listeners = new Set<() => void>();
  const answers = [...options.answers ?? []];
  const known: Partial<FakeRuntime> = {
    written,
    opened,
    listeners,
    answers,
    name: "deno",
    // An empty disk.
    files: emptyDisk(),
    errorKind: () => "not_found",
    missingFlag: () => undefined,
    platform: options.platform ?? "linux",
    getEnvironment: (name) => options.environment?.[name],
    homeDirectory: () => options.home,
    inputIsTerminal: () => options.inputIsTerminal ?? false,
    errorIsTerminal: () => options.errorIsTerminal ?? false,
    ask: (text, secret) => {
      written.push(`${text}${secret ? "(masked)" : ""}`);
      return Promise.resolve(answers.shift() ?? null);
    },
    writeError: (text) => void written.push(text),
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    openBrowser: (url) => Promise.resolve(opened.push(url) > 0),
  };
  return new Proxy(known, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name);
      throw new Error(`the test's runtime has no ${String(name)}`);
    },
  }) as FakeRuntime;
}

function emptyDisk(): Runtime["files"] {
  const known: Partial<Runtime["files"]> = {
    readTextNoFollow: () => null,
    status: () => Promise.resolve(null),
    list: () => Promise.reject(new Error("the test's disk has no such folder")),
  };
  return new Proxy(known, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name);
      throw new Error(`the test's disk has no ${String(name)}`);
    },
  }) as Runtime["files"];
}

/** One message to the frontend. */
export interface Shown {
  html: string;
  text: string;
  id: string;
  update: boolean;
}

/** A kernel that records its prompts and messages. */
export function fakeKernel(
  answers: (string | null)[] = [],
): Kernel & { shown: Shown[]; asked: [string, boolean][] } {
  const shown: Shown[] = [];
  const asked: [string, boolean][] = [];
  return {
    shown,
    asked,
    prompt(text, secret) {
      asked.push([text, secret]);
      return answers.shift() ?? null;
    },
    display(bundle, id, update) {
      shown.push({ html: bundle["text/html"] ?? "", text: bundle["text/plain"] ?? "", id, update });
      return Promise.resolve();
    },
  };
}
