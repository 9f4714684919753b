/** What every runtime loads when it is first needed; `current.ts` has the imports. */
export interface Doors {
  terminal: () => Promise<typeof import("./terminal.ts")>;
  browser: () => Promise<typeof import("./browser.ts")>;
  program: () => Promise<typeof import("./program.ts")>;
}
