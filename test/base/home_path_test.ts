import assert from "node:assert/strict";
import { shortenHome, withoutHome } from "../../src/base/text.ts";
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

test("withoutHome() hides the home folder in quotes too, and leaves a path that can be copied (trust 21)", () => {
  const windows = String.raw`C:\Users\ädä b`;
  const rows: [text: string, home: string | undefined, shown: string][] = [
    ["/home/ada/.config/x (0600)", "/home/ada/", "~/.config/x (0600)"],
    [`Run: chmod 600 "/home/ada/.config/x"`, "/home/ada", "Run: chmod 600 ~/.config/x"],
    ["/home/adam/x and /mnt/home/ada/x", "/home/ada", "/home/adam/x and /mnt/home/ada/x"],
    [`"/home/adam/x" and "/home/ada"`, "/home/ada", `"/home/adam/x" and "/home/ada"`],
    ["/home/ada/x", undefined, "/home/ada/x"],
    // Own attack: a blank below the home folder, as in every path on macOS, or in its own name.
    [`"/home/ada/my keys/x" is a link`, "/home/ada", `~/"my keys/x" is a link`],
    [
      `"/Users/ada/Library/Application Support/x"`,
      "/Users/ada",
      `~/"Library/Application Support/x"`,
    ],
    [`chmod 600 "/home/ada b/x"`, "/home/ada b", "chmod 600 ~/x"],
    [`chmod 600 "/home/ädä/größe"`, "/home/ädä", "chmod 600 ~/größe"],
    [`"/home/ada/a;rm -r $HOME"`, "/home/ada", `~/"a;rm -r $HOME"`],
    [`"${windows}\\x"`, windows, String.raw`~\x`],
  ];
  for (const [text, home, shown] of rows) assert.equal(withoutHome(text, home), shown);
});
