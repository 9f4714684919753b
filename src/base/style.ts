/** How a text highlights things: marks, and important words. A terminal uses colours. */
export interface Style {
  /** The mark for what is fine. */
  readonly ok: string;
  /** The mark for what may go wrong. */
  readonly warning: string;
  /** The mark for what is wrong. */
  readonly problem: string;
  /** Highlights a word. */
  strong(text: string): string;
}

/** Marks without colours. */
export const PLAIN_STYLE: Style = { ok: "✓", warning: "!", problem: "✗", strong: (text) => text };
