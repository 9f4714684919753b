import { BrokenPipe, type Host } from "../../src/cli/host.ts";
import { type FakeOptions, type FakeRuntime, fakeRuntime } from "../support/fakes.ts";

/** A host that records its output. */
export interface FakeHost extends Host {
  readonly runtime: FakeRuntime;
  /** All of standard output. */
  output: string;
}

/** Stands in for the machine around a command. */
export function fakeHost(
  options: FakeOptions & { outputIsTerminal?: boolean; broken?: boolean } = {},
): FakeHost {
  const refuse = () => Promise.reject(new Error("the test's host has no such thing"));
  const host: FakeHost = {
    runtime: fakeRuntime(options),
    outputIsTerminal: options.outputIsTerminal ?? false,
    output: "",
    workingDirectory: () => "/",
    write(data) {
      if (options.broken) return Promise.reject(new BrokenPipe());
      host.output += typeof data === "string" ? data : new TextDecoder().decode(data);
      return Promise.resolve();
    },
    readInput: refuse,
    readFile: refuse,
    createFile: refuse,
    start: () => {
      throw new Error("the test's host starts no programs");
    },
  };
  return host;
}
