export type { Question } from "../interface/person.ts";
import type { Question } from "../interface/person.ts";

/** What a sign-in looks like at one moment, as the person sees it. Times are epoch milliseconds. */
export type CardState =
  /** A prompt, or a step, comes next. */
  | {
    kind: "starting";
    title: string;
    step: string;
    /** Why it asks again; this stays visible while it asks. */
    problem?: string;
    /** A page that says where to get what is asked for. */
    documentation?: string;
  }
  /** Waiting for the person to sign in at a link (RFC 8252 loopback, or a page to paste from). */
  | {
    kind: "link";
    title: string;
    url: string;
    note: string;
    until: number;
    /** The address on this machine where the sign-in ends; `null` where it ends anywhere. */
    redirect?: string | null;
  }
  /** Waiting for the person to approve a device code (RFC 8628). */
  | {
    kind: "device";
    title: string;
    /** Where to go, without the code. */
    url: string;
    /** Where to go with the code filled in, for the link and the QR code. */
    completeUrl?: string;
    code: string;
    until: number;
  }
  /** Signed in: what the session knows about itself. */
  | {
    kind: "signed_in";
    /** With who, if that is known, such as "Signed in to SpatiaFi as ada@example.com". */
    title: string;
    /** The client ID of the app credentials. */
    client?: string;
    /** Another account than the usual one, and what chose it, without a full stop. */
    account?: string;
    /** Where the credentials are, such as "Credentials saved to ~/.config/…", without a full stop. */
    credentials: string;
    /** When the access token expires. */
    until: number;
    /** Base URL of the API. */
    api: string;
    /** What happens then, such as "renews automatically". */
    renewal: string;
  }
  /** Signed in already: one line, such as "SpatiaFi: signed in as ada@example.com". */
  | { kind: "greeting"; title: string }
  /** It failed, or the person cancelled it. */
  | { kind: "failed"; title: string; message: string };

/** The person at the edge: asked, shown, or not there. Passed in, so that a test can play one. */
export interface Person {
  /** How the person is reached; `"nobody"` cannot be asked anything. */
  readonly kind: "notebook" | "terminal" | "nobody";
  /**
   * Asks for one value.
   *
   * @returns what was typed; `""` for an empty answer or a cancel; `null` when nobody can answer
   */
  ask(question: Question): Promise<string | null>;
  /** Shows a card, or updates the one this sign-in shows already. */
  show(state: CardState): Promise<void>;
  /** Tries to open a link in the person's browser; false where there is none on this machine. */
  open(url: string): Promise<boolean>;
  /** True when a browser on this machine can reach a loopback port (RFC 8252 section 7.3). */
  readonly browserIsLocal: boolean;
  /** Runs `wait` with the stop button (SIGINT) turned into an abort; listeners are gone afterwards. */
  interruptible<T>(wait: (signal: AbortSignal) => Promise<T>): Promise<T>;
}
