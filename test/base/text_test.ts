import assert from "node:assert/strict";
import { base64url, plain, visible } from "../../src/base/text.ts";
import { eachRow, test } from "../support/tests.ts";

test("plain() removes control characters, invisible ones, and ones that reorder text", () =>
  eachRow([
    {
      name: "trust 16: a username that clears the screen",
      text: "ada\u001b[2J\u001b[H!",
      is: "ada  !",
    },
    { name: "trust 16: a colour", text: "\u001b[31;1mred\u001b[0m", is: " red " },
    { name: "a window title", text: "a\u001b]0;title\u0007b", is: "a b" },
    { name: "a link with another end", text: "\u001b]8;;https://x.example\u001b\\b", is: " b" },
    { name: "a string that does not end", text: "a\u001b]0;title b", is: "a 0;title b" },
    { name: "a device control string", text: "a\u001bPq#0\u001b\\b", is: "a b" },
    { name: "sequences of one byte", text: "a\u009b31mb\u009d0;t\u009cc", is: "a b c" },
    { name: "a reset, a character set", text: "a\u001bcb\u001b(0c", is: "a b c" },
    { name: "a half sequence at the end", text: "a\u001b[", is: "a " },
    { name: "control characters", text: "a\u0000\b\r\n\t\u007f\u0085b", is: "a b" },
    { name: "line and paragraph separators", text: "a\u2028b\u2029c", is: "a b c" },
    { name: "overrides and embeddings", text: "a\u202ab\u202ec\u202cd", is: "a b c d" },
    { name: "isolates", text: "a\u2066b\u2067c\u2068d\u2069e", is: "a b c d e" },
    {
      name: "trust 20: zero-width and direction marks",
      text: "a\u200bb\u200ec\u200fd",
      is: "a b c d",
    },
    { name: "joiners", text: "a\u200cb\u200dc", is: "a b c" },
    { name: "word joiner and invisible operators", text: "a\u2060b\u2062c\u2064d", is: "a b c d" },
    { name: "byte order mark", text: "\ufeffa", is: " a" },
    { name: "Arabic letter mark", text: "a\u061cb", is: "a b" },
    { name: "soft hyphen, grapheme joiner", text: "a\u00adb\u034fc", is: "a b c" },
    { name: "fillers", text: "a\u115fb\u3164c\uffa0d", is: "a b c d" },
    { name: "tags, which carry hidden text", text: "a\u{e0001}\u{e0041}\u{e007f}b", is: "a b" },
    { name: "hidden variation selectors", text: "a\u{e0100}b\ufe00c", is: "a b c" },
    { name: "annotations", text: "a\ufff9b\ufffbc", is: "a b c" },
    { name: "half a surrogate pair", text: "a\ud800b", is: "a b" },
  ], ({ text, is }) => assert.equal(plain(text), is)));

test("plain() keeps ordinary text", () => {
  for (const text of ["", "a b", "Zoë Müller", "日本語", "⚠️ 👩", "עברית", "a[31mb"]) {
    assert.equal(plain(text), text);
  }
});

test("plain() takes linear time", () => {
  const open = "\u001b]".repeat(50_000);
  const began = performance.now();
  assert.equal(plain(open).includes("\u001b"), false);
  plain(`${"\u001b[".repeat(50_000)}\u001b]${"x".repeat(1_000_000)}`);
  assert.ok(performance.now() - began < 5_000);
});

test("visible() leaves no space in place of invisible characters", () => {
  assert.equal(visible("sec\u200bret \u001b[31mx\u001b[0my\u202e"), "secret xy");
});

test("base64url() uses the URL alphabet without padding", () => {
  assert.equal(base64url(new Uint8Array([0xfb, 0xff, 0xfe, 0xff])), "-__-_w");
  assert.equal(base64url(new Uint8Array(200_000)).length, Math.ceil(200_000 * 4 / 3));
});
