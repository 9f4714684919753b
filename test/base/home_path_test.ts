import assert from "node:assert/strict";
import { shortenHome } from "../../src/base/home_path.ts";
import { test } from "../support/tests.ts";

test("shortenHome() writes the home folder as ~, but not in quotes or in longer paths", () => {
  const rows: [string, string | undefined, string][] = [
    ["/home/ada/.config/x", "/home/ada", "~/.config/x"],
    ["from /home/ada/a and /home/ada/b.", "/home/ada/", "from ~/a and ~/b."],
    ["(/home/ada/a)", "/home/ada", "(~/a)"],
    // A shell does not expand ~ in quotes.
    ['Run: chmod 600 "/home/ada/a"', "/home/ada", 'Run: chmod 600 "/home/ada/a"'],
    ["/mnt/home/ada/a", "/home/ada", "/mnt/home/ada/a"],
    ["/home/adam/a", "/home/ada", "/home/adam/a"],
    ["http://host/home/ada/a", "/home/ada", "http://host/home/ada/a"],
    ["/home/ada", "/home/ada", "/home/ada"],
    [String.raw`C:\Users\ada\x`, String.raw`C:\Users\ada`, String.raw`~\x`],
    ["/a/b", "/", "/a/b"],
    ["/a/b", "", "/a/b"],
    ["/a/b", undefined, "/a/b"],
  ];
  for (const [text, home, expected] of rows) assert.equal(shortenHome(text, home), expected);
});
