import assert from "node:assert/strict";
import { anchor, safeLink } from "../../src/person/html.ts";
import { eachRow, test } from "../support/tests.ts";

test("a card links only to safe pages, and shows other URLs as text (trust 17)", () =>
  eachRow([
    { name: "https", link: "https://login.example/device", isLink: true },
    { name: "this machine", link: "http://127.0.0.1:8080/", isLink: true },
    { name: "http elsewhere", link: "http://login.example/", isLink: false },
    { name: "a name below localhost", link: "http://x.localhost/", isLink: false },
    { name: "ftp", link: "ftp://login.example/", isLink: false },
    { name: "tel", link: "tel:+123", isLink: false },
    { name: "a script", link: "javascript:alert(1)", isLink: false },
    { name: "data", link: "data:text/html,x", isLink: false },
    { name: "a program", link: "ms-word:ofe|u|https://login.example/x", isLink: false },
    { name: "another host before @", link: "https://login.example@evil.example/", isLink: false },
    { name: "no URL", link: "login.example", isLink: false },
  ], ({ link, isLink }) => {
    assert.equal(safeLink(link) !== null, isLink);
    assert.equal(anchor(link, "label").includes("href"), isLink);
  }));

test("a host with look-alike letters is shown in its encoded form (trust 17)", () => {
  // The first letter is Cyrillic.
  assert.equal(safeLink("https://\u0430pple.example/")?.host, "xn--pple-43d.example");
});
