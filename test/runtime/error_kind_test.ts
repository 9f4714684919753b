import assert from "node:assert/strict";
import { browserCommand } from "../../src/runtime/browser.ts";
import { decodeText, errorKind, missingFlag } from "../../src/runtime/error_kind.ts";
import { type Line, typeInto } from "../../src/runtime/terminal.ts";

/** An error as a runtime throws it. */
function thrown(name: string, message: string, code?: string): Error {
  return Object.assign(new Error(message), { name, ...(code ? { code } : {}) });
}

Deno.test("errors are classified by code, or else by Deno's class", () => {
  const cases: [Error, string][] = [
    [thrown("Error", "", "EROFS"), "read_only"],
    [thrown("Error", "", "ENOSPC"), "no_space"],
    [thrown("Error", "", "EFBIG"), "no_space"],
    [thrown("PermissionDenied", "", "EACCES"), "permission"],
    [thrown("PermissionDenied", ""), "permission"],
    [thrown("Error", "", "EPERM"), "permission"],
    [thrown("NotFound", ""), "not_found"],
    [thrown("FilesystemLoop", "", "ELOOP"), "symlink"],
    [thrown("NotCapable", "Requires", "ERR_SQLITE_ERROR"), "capability"],
    [thrown("Error", "", "EIO"), "other"],
    [thrown("Error", "", "toString"), "other"],
    [thrown("constructor", ""), "other"],
  ];
  for (const [error, kind] of cases) assert.equal(errorKind(error), kind, String(error));
  assert.equal(errorKind("ENOENT"), "other");
  assert.equal(errorKind(undefined), "other");
});

Deno.test("the flag that the error suggests is as narrow as Deno's own message", () => {
  const flag = (message: string) => missingFlag(thrown("NotCapable", message));
  const again = "run again with the";
  assert.equal(
    flag(`Requires read access to "/home/ada/a, b", ${again} --allow-read flag`),
    "--allow-read=/home/ada/a,, b",
  );
  assert.equal(
    flag(`Requires env access to "HOME", ${again} --allow-env flag`),
    "--allow-env=HOME",
  );
  assert.equal(
    flag(`Requires net access to "127.0.0.1:0", ${again} --allow-net flag`),
    "--allow-net=127.0.0.1",
  );
  assert.equal(flag(`Requires read access to <CWD>, ${again} --allow-read flag`), "--allow-read");
  assert.equal(flag("something else"), undefined);
  assert.equal(missingFlag(new Error("--allow-read")), undefined);
});

Deno.test("text is decoded strictly, without a byte order mark", () => {
  assert.equal(decodeText(new TextEncoder().encode("\ufeffü")), "ü");
  assert.throws(() => decodeText(new Uint8Array([0xc3])), { code: "NOT_TEXT" });
});

Deno.test("keys typed into a line", () => {
  const type = (...keys: string[]) =>
    keys.reduce<Line>((line, some) => typeInto(line, some), { text: "", state: "open" });
  assert.deepEqual(type("ab", "c\r"), { text: "abc", state: "done" });
  assert.deepEqual(type("pasted\nmore\n"), { text: "pasted", state: "done" });
  assert.deepEqual(type("aü😀", "\x7f\b"), { text: "a", state: "open" });
  assert.deepEqual(type("abc\x15de\n"), { text: "de", state: "done" });
  assert.deepEqual(type("a\x1b[A\x1b[3~\x1bOPb\n"), { text: "ab", state: "done" });
  assert.deepEqual(type("\x1b[200~pasted\x1b[201~\n"), { text: "pasted", state: "done" });
  assert.deepEqual(type("a\tb\x01\n"), { text: "ab", state: "done" });
  assert.deepEqual(type("secret\x03"), { text: "", state: "cancelled" });
  assert.deepEqual(type("\x04"), { text: "", state: "cancelled" });
  assert.deepEqual(type("a\x04\n"), { text: "a", state: "done" });
});

Deno.test("every platform opens a browser without a shell", () => {
  const command = (platform: "linux" | "darwin" | "windows" | "other", display?: string) =>
    browserCommand({ platform, getEnvironment: () => display }, "https://a.example/?a=1&b=2");
  const url = "https://a.example/?a=1&b=2";
  assert.deepEqual(command("darwin"), { program: "open", args: [url] });
  assert.deepEqual(command("windows"), {
    program: "rundll32",
    args: ["url.dll,FileProtocolHandler", url],
  });
  assert.deepEqual(command("linux", ":0"), { program: "xdg-open", args: [url] });
  assert.equal(command("linux"), null);
  assert.equal(command("linux", ""), null);
});
