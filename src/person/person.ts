export type { Question } from "../interface/person.ts";
import type { Question } from "../interface/person.ts";

/** The state of a sign-in that a card shows. Times are in epoch milliseconds. */
export type CardState =
  /** A prompt or another step comes next. */
  | {
    kind: "starting";
    title: string;
    step: string;
    /** Why it prompts again; this stays visible during the prompt. */
    problem?: string;
    /** A page that says where to get the values to enter. */
    documentation?: string;
  }
  /** Waiting for the person to sign in at a link (RFC 8252 loopback, or a page to paste from). */
  | {
    kind: "link";
    title: string;
    url: string;
    note: string;
    until: number;
    /** The redirect URI on this machine; `null` if the sign-in needs none. */
    redirect?: string | null;
  }
  /** Waiting for the person to approve a device code (RFC 8628). */
  | {
    kind: "device";
    title: string;
    /** The page to open, without the code. */
    url: string;
    /** The page with the code filled in, for the link and the QR code. */
    completeUrl?: string;
    code: string;
    until: number;
  }
  /** Signed in: what is known about the session. */
  | {
    kind: "signed_in";
    /** Includes who is signed in, if known, such as "Signed in to SpatiaFi as ada@example.com". */
    title: string;
    /** The client ID of the app credentials. */
    client?: string;
    /** An account other than the usual one, and what chose it, without a full stop. */
    account?: string;
    /** Where the credentials are, such as "Credentials saved to ~/.config/…", without a full stop. */
    credentials: string;
    /** When the access token expires. */
    until: number;
    /** Base URL of the API. */
    api: string;
    /** What happens when it expires, such as "renews automatically". */
    renewal: string;
  }
  /** Already signed in: one line, such as "SpatiaFi: signed in as ada@example.com". */
  | { kind: "greeting"; title: string }
  /** It failed, or the person cancelled it. */
  | { kind: "failed"; title: string; message: string };

/** The person who signs in, or nobody. It is passed in, so that a test can replace it. */
export interface Person {
  /** How to reach the person; `"nobody"` cannot be prompted. */
  readonly kind: "notebook" | "terminal" | "nobody";
  /**
   * Prompts for one value.
   *
   * @returns the typed value; `""` if it is empty or cancelled; `null` if nobody can be prompted
   */
  ask(question: Question): Promise<string | null>;
  /** Shows a card, or updates this sign-in's current one. */
  show(state: CardState): Promise<void>;
  /** Tries to open a link in the person's browser; false if there is none on this machine. */
  open(url: string): Promise<boolean>;
  /** True if the person's browser can reach a loopback port on this machine (RFC 8252 section 7.3). */
  readonly browserIsLocal: boolean;
  /** Runs `wait`, and turns the stop button (SIGINT) into an abort. Removes its listeners afterwards. */
  interruptible<T>(wait: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/** Whether an answer to a yes-or-no question is yes. */
export function isYes(answer: string): boolean {
  return /^y(es)?$/i.test(answer.trim());
}

/** What to tell a person to do, depending on where they are. */
export interface Advice {
  /** The computer that the sign-in runs on. */
  computer: string;
  /** How to sign in by pasting, if a redirect cannot reach this computer. */
  paste: string;
  /** How to sign in again after a cancelled sign-in. */
  again: string;
  /** How to cancel an open prompt, if it is not obvious. */
  cancel?: string;
}

/** In a notebook. */
export const IN_NOTEBOOK: Advice = {
  computer: "the computer that runs this notebook",
  paste: 'stop this cell and pass method: "paste"',
  again: "Run the cell again to sign in.",
  // The stop button does nothing while a prompt is open.
  cancel: "To cancel, leave the box empty and press Enter.",
};

/** In a script at a terminal. */
export const IN_SCRIPT: Advice = {
  computer: "the computer that runs this",
  paste: 'press Ctrl-C and pass method: "paste"',
  again: "Run it again to sign in.",
};

/** At the command `onecell`. Not every subcommand has the option, so this names one that does. */
export const AT_COMMAND: Advice = {
  ...IN_SCRIPT,
  paste: "press Ctrl-C and use onecell login --method paste",
};

/** The advice for a person, by how they are reached. */
export function adviceFor(kind: "notebook" | "terminal" | "nobody"): Advice {
  return kind === "notebook" ? IN_NOTEBOOK : IN_SCRIPT;
}
