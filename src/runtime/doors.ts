/** What every runtime loads on first use; `current.ts` has the imports. */
export interface Doors {
  terminal: () => Promise<typeof import("./terminal.ts")>;
  browser: () => Promise<typeof import("./browser.ts")>;
  program: () => Promise<typeof import("./program.ts")>;
}
