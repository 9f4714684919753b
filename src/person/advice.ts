/** What a person is told to do, in the terms of where they are. */
export interface Advice {
  /** The computer a sign-in runs on. */
  computer: string;
  /** How to sign in by pasting, for whom a redirect does not reach. */
  paste: string;
  /** How to sign in after all, once it was stopped. */
  again: string;
}

/** In a notebook. */
export const IN_NOTEBOOK: Advice = {
  computer: "the computer that runs this notebook",
  paste: 'pass method: "paste"',
  again: "Run the cell again to sign in.",
};

/** In a script at a terminal. */
export const IN_SCRIPT: Advice = {
  computer: "the computer that runs this",
  paste: 'pass method: "paste"',
  again: "Run it again to sign in.",
};

/** At the command `onecell`. Not every command has the option, so this names the one that does. */
export const AT_COMMAND: Advice = { ...IN_SCRIPT, paste: "use onecell login --method paste" };
