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
