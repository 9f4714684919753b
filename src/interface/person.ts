/** One prompt. */
export interface Question {
  /** The value to ask for, such as `"password"`; `"code"` for a pasted code. */
  readonly field: string;
  /** The prompt, without its final colon. */
  readonly text: string;
  /** True if the typed text must not be shown. */
  readonly secret: boolean;
  /** The host that receives the answer, such as `"auth.example.com"`. */
  readonly host: string;
}

/** What to show the person: the progress of a sign-in, and where to continue it. */
export interface Notice {
  /** The kind: `"starting"`, `"link"`, `"device"`, `"signed_in"` or `"failed"`. More may be added. */
  readonly kind: string;
  /** The first line. */
  readonly title: string;
  /** All of it as plain text, with links and codes. */
  readonly text: string;
}

/** Answers the prompts, for your own user interface and for tests. */
export interface Person {
  /**
   * Asks for one value.
   *
   * @returns the typed text; `""` to cancel; `null` if nobody can answer
   */
  ask(question: Question): Promise<string | null>;
  /** Shows the progress of the sign-in. Each notice replaces the previous one. */
  show?(notice: Notice): void | Promise<void>;
  /** Opens a link in a browser on this machine; false if that did not work. */
  open?(url: string): Promise<boolean>;
}
