// deno-lint-ignore-file no-control-regex -- this tests control characters
import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";

import { fakeServer, json } from "../support/fake_server.ts";
import { TestFolder } from "../support/folder.ts";
import { jwt } from "../support/jwt.ts";
import { plainProvider } from "../support/parts.ts";
import { eachRow, test } from "../support/tests.ts";

const STEERS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]/;

test("a session shows no name that controls the terminal (trust 16)", () =>
  eachRow([
    { name: "clears the screen", shown: "\x1b[2Jada" },
    { name: "sets a window's title", shown: "\x1b]0;x\x07ada" },
    { name: "an 8-bit sequence", shown: "\x9b2Jada" },
    { name: "turns the text around", shown: "ada\u202e" },
    { name: "a link in a terminal", shown: "\x1b]8;;https://evil.example\x07ada\x1b]8;;\x07" },
  ], async ({ shown }) => {
    await using folder = await TestFolder.make();
    const id_token = jwt({ sub: "1", preferred_username: shown });
    const server = fakeServer(() => json({ access_token: "t", id_token }));
    const session = await getSession(plainProvider({ grant: "password" }), {
      credentials: {
        client_id: "client",
        client_secret: "s",
        username: "ada",
        password: "the-password",
      },
      directory: folder.path,
      fetch: server.fetch,
      interactive: false,
    });
    const written = [
      Deno.inspect(session),
      String(session),
      JSON.stringify(session),
      session.account,
    ].join("\n");
    assert(written.includes("ada"));
    assert.doesNotMatch(written, STEERS);
  }));
