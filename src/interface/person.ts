/** One question to a person. */
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

/** What a person is shown: how a sign-in goes on, and where to go for it. */
export interface Notice {
  /** What it is: `"starting"`, `"link"`, `"device"`, `"signed_in"` or `"failed"`; there may be more. */
  readonly kind: string;
  /** Its first line. */
  readonly title: string;
  /** All of it, as plain text: links and codes are in it. */
  readonly text: string;
}

/** Who is asked, for user interfaces of your own and for tests. */
export interface Person {
  /**
   * Asks for one value.
   *
   * @returns what was typed; `""` to cancel; `null` when nobody can answer
   */
  ask(question: Question): Promise<string | null>;
  /** Shows how the sign-in goes on; each notice takes the place of the one before. */
  show?(notice: Notice): void | Promise<void>;
  /** Opens a link in a browser on this machine; false where that did not work. */
  open?(url: string): Promise<boolean>;
}
