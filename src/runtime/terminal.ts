/** Asks for one line on a terminal, in the same way under every runtime. */

import type { Runtime, StopSignal } from "./runtime.ts";

/** The terminal operations that a prompt needs. */
export interface Terminal {
  /** Raw mode: every key arrives immediately, nothing is echoed, Ctrl-C is a character. */
  setRaw(on: boolean): void;
  /** The next keys; `null` at the end of input, or once the signal has fired. */
  read(signal: AbortSignal): Promise<Uint8Array | null>;
  write(text: string): void;
  onInterrupt: Runtime["onInterrupt"];
}

/** A line being typed. */
export interface Line {
  text: string;
  /** `"open"` while the person types; then how it ended. */
  state: "open" | "done" | "cancelled";
}

/** What keys do to a line: Enter ends it; Ctrl-C, or Ctrl-D on an empty line, cancels it. */
export function typeInto(line: Line, keys: string): Line {
  let { text } = line;
  // Arrows and other keys that send escape sequences do nothing here.
  // deno-lint-ignore no-control-regex
  for (const key of keys.replaceAll(/\x1b(\[[0-9;?]*[A-Za-z~]|O[A-Za-z]|.)/g, "")) {
    if (key === "\r" || key === "\n") return { text, state: "done" };
    if (key === "\x03") return { text: "", state: "cancelled" };
    if (key === "\x04") {
      if (text === "") return { text, state: "cancelled" };
    } else if (key === "\x7f" || key === "\b") text = [...text].slice(0, -1).join("");
    else if (key === "\x15") text = "";
    else if (key >= " ") text += key;
  }
  return { text, state: "open" };
}

/**
 * Asks for one line. A secret is not echoed. A signal that would end the process ends the prompt instead;
 * otherwise the terminal would stay in raw mode, without echo.
 *
 * @returns the line, or `null` if input ended or the person cancelled
 */
export async function askLine(
  terminal: Terminal,
  text: string,
  secret: boolean,
): Promise<string | null> {
  const decoder = new TextDecoder();
  let line: Line = { text: "", state: "open" };
  const stopped = new AbortController();
  const forget = STOP_SIGNALS.map((name) => listen(terminal, () => stopped.abort(), name));
  terminal.setRaw(true);
  try {
    terminal.write(text);
    while (line.state === "open") {
      const bytes = await terminal.read(stopped.signal);
      if (bytes === null) return null;
      const before = line.text;
      line = typeInto(line, decoder.decode(bytes, { stream: true }));
      if (!secret) terminal.write(echo(before, line.text));
    }
    return line.state === "done" ? line.text : null;
  } finally {
    terminal.setRaw(false);
    terminal.write("\n");
    for (const one of forget) one();
  }
}

const STOP_SIGNALS: StopSignal[] = ["SIGINT", "SIGTERM"];

/** Listens for a signal if the runtime supports it: Windows lacks some. */
function listen(terminal: Terminal, listener: () => void, name: StopSignal): () => void {
  try {
    return terminal.onInterrupt(listener, name);
  } catch {
    return () => {};
  }
}

/** The text that turns one line on the screen into another: step back over the difference, write the rest. */
function echo(before: string, after: string): string {
  const from = [...before];
  const to = [...after];
  let same = 0;
  while (same < from.length && from[same] === to[same]) same++;
  return "\b \b".repeat(from.length - same) + to.slice(same).join("");
}
