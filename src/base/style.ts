/** How a text sets things off: marks, and words that matter. A terminal has colours for them. */
export interface Style {
  /** Before what is in order. */
  readonly ok: string;
  /** Before what may go wrong. */
  readonly warning: string;
  /** Before what is wrong. */
  readonly problem: string;
  /** Sets a word off. */
  strong(text: string): string;
}

/** Marks without colours. */
export const PLAIN_STYLE: Style = { ok: "✓", warning: "!", problem: "✗", strong: (text) => text };
