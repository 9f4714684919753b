/** One prompt. */
export interface Question {
  /** Which value is asked for, such as `"password"`; `"code"` for what is pasted. */
  readonly field: string;
  /** The question, without its final colon. */
  readonly text: string;
  /** True for an answer that must not be shown as it is typed. */
  readonly secret: boolean;
  /** Where the answer goes: a host, such as `"auth.example.com"`. */
  readonly host: string;
}

/** What a person is shown: the progress of a sign-in, and where to go for it. */
export interface Notice {
  /** The kind: `"starting"`, `"link"`, `"device"`, `"signed_in"` or `"failed"`; there may be more. */
  readonly kind: string;
  /** Its first line. */
  readonly title: string;
  /** All of it as plain text, with links and codes. */
  readonly text: string;
}

/** Who is prompted, for user interfaces of your own and for tests. */
export interface Person {
  /**
   * Asks for one value.
   *
   * @returns what was typed; `""` to cancel; `null` when nobody can answer
   */
  ask(question: Question): Promise<string | null>;
  /** Shows the progress of the sign-in. Each notice replaces the one before. */
  show?(notice: Notice): void | Promise<void>;
  /** Opens a link in a browser on this machine; false if that did not work. */
  open?(url: string): Promise<boolean>;
}
