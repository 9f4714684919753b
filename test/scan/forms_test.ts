import assert from "node:assert/strict";
import { scanNotebookJson } from "../../src/scan/scan_notebook.ts";
import { scanText } from "../../src/scan/scan_text.ts";
import { SecretIndex } from "../../src/scan/secret_index.ts";
import { Random } from "../support/random.ts";
import { eachRow, test } from "../support/tests.ts";

const secret = 'q7&Zx"9~vLm2<Kp0/Rt+4Yw=Bn8\\c';
const plainSecret = "Kp0Rt4YwBn8cQ7ZxvLm2";
const bytes = new TextEncoder().encode(secret);
const map = (join: string, write: (character: string, code: number) => string) =>
  [...secret].map((one) => write(one, one.charCodeAt(0))).join(join);
const hex = (code: number, length = 2) => code.toString(16).padStart(length, "0");
const utf16 = (text: string) =>
  String.fromCharCode(...[...text].flatMap((one) => [one.charCodeAt(0), 0]));
const wrapped = (text: string, width: number, by = "\n") =>
  (text.match(new RegExp(`.{1,${width}}`, "g")) ?? []).join(by);
const lower = (text: string) => text.replace(/%[0-9A-F]{2}/g, (one) => one.toLowerCase());
const html = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

const rows: { name: string; text: string; form?: string; part?: true }[] = [
  { name: "as it is", text: secret, form: "plain" },
  { name: "URL-encoded", text: encodeURIComponent(secret), form: "url" },
  { name: "URL-encoded, lower case", text: lower(encodeURIComponent(secret)), form: "url" },
  {
    name: "URL-encoded in part",
    text: secret.replace("&", "%26").replace("+", "%2b"),
    form: "url",
  },
  {
    name: "URL-encoded, every character",
    text: map("", (_, code) => `%${hex(code)}`),
    form: "url",
  },
  { name: "URL-encoded twice", text: encodeURIComponent(encodeURIComponent(secret)), form: "url" },
  { name: "%u", text: map("", (_, code) => `%u${hex(code, 4)}`), form: "url" },
  { name: "JSON", text: JSON.stringify({ secret }), form: "escaped" },
  { name: "JSON in JSON", text: JSON.stringify(JSON.stringify({ secret })), form: "escaped" },
  { name: "trust 18: \\u", text: map("", (_, code) => `\\u${hex(code, 4)}`), form: "escaped" },
  { name: "\\u in part", text: secret.replace("q", "\\u0071").replaceAll("\\c", "\\\\c") },
  { name: "\\u{}", text: map("", (_, code) => `\\u{${hex(code)}}`) },
  { name: "\\U of Python", text: map("", (_, code) => `\\U${hex(code, 8)}`) },
  { name: "\\x", text: map("", (_, code) => `\\x${hex(code)}`), form: "escaped" },
  { name: "octal", text: map("", (_, code) => `\\${code.toString(8).padStart(3, "0")}`) },
  { name: "entities by name", text: html(secret), form: "escaped" },
  { name: "entities twice", text: html(html(secret)), form: "escaped" },
  { name: "trust 18: decimal entities", text: map("", (_, code) => `&#${code};`), form: "escaped" },
  { name: "hexadecimal entities", text: map("", (_, code) => `&#x${hex(code)};`), form: "escaped" },
  { name: "entities with zeros", text: map("", (_, code) => `&#0${code};`) },
  {
    name: "rare names",
    text: html(secret).replace("+", "&plus;").replace("/", "&sol;").replace("=", "&equals;"),
  },
  {
    name: "quoted-printable",
    text: `${secret.replace("=", "=3D").slice(0, 14)}=\n${secret.replace("=", "=3D").slice(14)}`,
  },
  { name: "trust 18: tags", text: map("", (one) => `<span class="x">${html(one)}</span>`) },
  { name: "one tag", text: html(secret).replace("vLm", "v<b>L</b>m") },
  { name: "an HTML comment", text: secret.replace("vLm", "v<!-- x -->Lm") },
  {
    name: "trust 18: colours",
    text: secret.replace("vLm", "v\u001b[31;1mL\u001b[0mm"),
    form: "pieces",
  },
  {
    name: "written colours",
    text: JSON.stringify(secret.replace("vLm", "v\u001b[31mL\u001b[0mm")),
  },
  { name: "a link in a terminal", text: secret.replace("vLm", "v\u001b]8;;x\u0007Lm") },
  { name: "invisible characters", text: map("\u200b", (one) => one), form: "pieces" },
  { name: "a soft hyphen", text: secret.replace("vLm", "v\u00adLm") },
  ...[
    "\ufe0f",
    "\u034f",
    "\u3164",
    "\u115f",
    "\u180e",
    "\uffa0",
    "\ufff9",
    "\u{e0100}",
    "\u{1d173}",
    "\u{1bca0}",
  ].map((unseen) => ({
    name: `invisible U+${hex(unseen.codePointAt(0) ?? 0, 4)}`,
    text: map(unseen, (one) => one),
    form: "pieces",
  })),
  { name: "printed over, as in a manual page", text: map("", (one) => `${one}\b${one}`) },
  { name: "\\x{} of Perl", text: map("", (_, code) => `\\x{${hex(code)}}`), form: "escaped" },
  {
    name: "quoted-printable in base64, as in a mail",
    text: btoa(map("", (_, code) => `=${hex(code).toUpperCase()}`)),
  },
  {
    name: "a word in a mail's header",
    text: `=?UTF-8?Q?${map("", (_, code) => `=${hex(code)}`)}?=`,
  },
  { name: "UTF-32 in base64", text: btoa(map("\0\0\0", (one) => one)), form: "base64" },
  {
    name: "UTF-16 as Python shows bytes",
    text: `b'${map("\\x00", (one) => one === "\\" ? "\\\\" : one)}'`,
  },
  { name: "colours within base64", text: wrapped(btoa(secret), 7, "\u001b[0m\u001b[32m") },
  { name: "a table with lines", text: `│ ${wrapped(secret, 6, " │\n│ ")} │`, form: "pieces" },
  { name: "tags of Unicode", text: secret.replace("vLm", "v\u{e0041}Lm") },
  { name: "trust 18: hex", text: bytes.toHex(), form: "hex" },
  { name: "hex, upper case", text: bytes.toHex().toUpperCase(), form: "hex" },
  { name: "hex after a digit", text: `a${bytes.toHex()}`, form: "hex" },
  {
    name: "hex with spaces (Buffer)",
    text: `<Buffer ${map(" ", (_, code) => hex(code))}>`,
    form: "hex",
  },
  { name: "hex with colons", text: map(":", (_, code) => hex(code)), form: "hex" },
  { name: "hex with 0x", text: map(", ", (_, code) => `0x${hex(code)}`), form: "hex" },
  { name: "hex over lines", text: wrapped(bytes.toHex(), 16), form: "hex" },
  {
    name: "a list of bytes",
    text: `Uint8Array(${bytes.length}) [\n  ${wrapped([...bytes].join(", "), 30)}\n]`,
  },
  { name: "base64", text: btoa(secret), form: "base64" },
  { name: "Basic", text: `Basic ${btoa(`ab:${secret}`)}`, form: "base64" },
  {
    name: "mutants: base64url with _ and -",
    text: bytes.toBase64({ alphabet: "base64url", omitPadding: true }),
    form: "base64",
  },
  {
    name: "mutants: base64url after ???>",
    text: new TextEncoder().encode(`???>>~~${secret}`).toBase64({ alphabet: "base64url" }),
    form: "base64",
  },
  { name: "trust 18: base64 twice", text: btoa(btoa(secret)), form: "base64" },
  { name: "base64 three times", text: btoa(btoa(btoa(secret))), form: "base64" },
  { name: "trust 18: UTF-16 in base64", text: btoa(utf16(secret)), form: "base64" },
  { name: "UTF-16, big end first", text: btoa(utf16(`x${secret}`).slice(1)), form: "base64" },
  { name: "base64 over lines", text: wrapped(btoa(`x: ${secret}`), 10), form: "base64" },
  { name: "base64 over lines of Windows", text: wrapped(btoa(secret), 12, "\r\n"), form: "base64" },
  {
    name: "base64 over written lines",
    text: JSON.stringify(wrapped(btoa(secret), 16)),
    form: "base64",
  },
  {
    name: "base64 in quotes and pluses",
    text: `"${wrapped(btoa(plainSecret + secret), 12, '"\n   "')}"`,
    form: "base64",
  },
  { name: "base64 of URL-encoded", text: btoa(encodeURIComponent(secret)), form: "base64" },
  { name: "base64 of JSON", text: btoa(JSON.stringify({ secret })), form: "base64" },
  { name: "base64 of hex", text: btoa(bytes.toHex()), form: "base64" },
  { name: "hex of base64", text: new TextEncoder().encode(btoa(secret)).toHex(), form: "hex" },
  { name: "URL-encoded base64", text: encodeURIComponent(btoa(`a${secret}`)) },
  {
    name: "base64 within a picture",
    text: btoa(`\x89PNG\r\n\x1a\n\0\0\0${secret}\0\xff\xfe`),
    form: "base64",
  },
  { name: "trust 18: over lines", text: wrapped(secret, 7), form: "pieces" },
  { name: "over quoted lines", text: `> ${wrapped(secret, 5, "\n> ")}`, form: "pieces" },
  { name: "over commented lines", text: `# ${wrapped(secret, 5, "\n# ")}`, form: "pieces" },
  { name: "a concatenation", text: `"${wrapped(plainSecret, 5, '" + "')}"`, form: "pieces" },
  { name: "a concatenation over lines", text: `"${wrapped(plainSecret, 5, '" +\n    "')}"` },
  { name: "a list to be joined", text: JSON.stringify([...plainSecret]), form: "pieces" },
  { name: "a line that goes on", text: wrapped(plainSecret, 8, "\\\n"), form: "pieces" },
  { name: "letters with spaces", text: [...plainSecret].join(" "), form: "pieces" },
  { name: "backwards", text: [...plainSecret].reverse().join(""), form: "reversed" },
  { name: "JSON of HTML", text: JSON.stringify(map("", (one) => `<i>${html(one)}</i>`)) },
  { name: "URL-encoded JSON", text: encodeURIComponent(JSON.stringify({ secret })) },
];

test("scanText() finds a secret in every form", () =>
  eachRow(rows, ({ text, form }) => {
    for (const around of [text, `see (${text}), and`, `\n\nx\n${text}\n`]) {
      const found = scanText(around, { secret, plainSecret, other: "no-such-secret-here-1" });
      assert.equal(found.some(({ whole }) => whole), true, JSON.stringify(found));
      assert(found.every(({ name }) => name !== "other"));
      for (const one of found) assert(one.at >= 0 && one.at + one.length <= around.length);
      if (form !== undefined) assert.equal(found.find(({ whole }) => whole)?.form, form);
    }
    // The control: the same text is clean for a user with other secrets.
    assert.deepEqual(scanText(text, { other: "8dK2mQx0Zr5Tn1Vb", pin: "0815" }), []);
  }));

test("scanText() finds a part of 12 characters in these forms", () =>
  eachRow([
    { name: "base64", text: btoa(`--${plainSecret.slice(4, 16)}--`) },
    { name: "hex", text: new TextEncoder().encode(plainSecret.slice(4, 16)).toHex() },
    { name: "URL-encoded", text: encodeURIComponent(secret.slice(6, 20)) },
    { name: "over two lines", text: wrapped(plainSecret.slice(4, 16), 6) },
  ], ({ text }) => {
    const [found] = scanText(text, { secret, plainSecret });
    assert.equal(found?.whole, false);
  }));

test("scanText() finds short secrets, non-ASCII letters and secrets that look like escapes", () =>
  eachRow([
    { name: "8 characters in base64", secret: "hunter2!", text: btoa("ada:hunter2!") },
    {
      name: "8 characters in hex",
      secret: "hunter2!",
      text: new TextEncoder().encode("hunter2!").toHex(),
    },
    { name: "10 over lines", secret: "hunter2abc", text: '"hunte" +\n"r2abc"' },
    { name: "a word of 5, URL-encoded", secret: "p&ss1", text: "x=p%26ss1&y" },
    { name: "a space in a form", secret: "open sesame now 1", text: "x=open+sesame+now+1&y" },
    {
      name: "UTF-8 in base64",
      secret: "pässwörd-geheim",
      text: new TextEncoder().encode("x:pässwörd-geheim").toBase64(),
    },
    {
      name: "UTF-8, URL-encoded",
      secret: "pässwörd-geheim",
      text: encodeURIComponent("pässwörd-geheim"),
    },
    { name: "a percent sign of its own", secret: "ab%2Fcd&efgh%41", text: "ab%2Fcd&amp;efgh%41" },
    {
      name: "a secret that contains an entity",
      secret: 'ab&amp;cd"efgh',
      text: JSON.stringify('ab&amp;cd"efgh'),
    },
    {
      name: "a secret that contains a backslash",
      secret: "ab\\ncd/efgh\\tij",
      text: encodeURIComponent("ab\\ncd/efgh\\tij"),
    },
  ], ({ secret, text }) => {
    assert.equal(
      scanText(text, { secret })[0]?.whole,
      true,
      JSON.stringify(scanText(text, { secret })),
    );
  }));

test("scanText() finds a secret that begins or ends like the text around it", () => {
  const line = "-".repeat(40);
  for (
    const secret of ["-----Kp0Rt4YwBn8c", "Kp0Rt4YwBn8c-----", "        Kp0Rt4Yw", "aaaaaaaaKp0R"]
  ) {
    for (const beside of [line, " ".repeat(40), "a".repeat(40), ""]) {
      for (let shift = 0; shift < 10; shift++) {
        const text = `${"x".repeat(shift)}${beside}${secret}${beside}\n`;
        const found = scanText(text, { secret });
        assert.equal(found.some(({ whole }) => whole), true, text);
      }
    }
  }
  const secret = "----Kp0Rt4YwBn8c    ";
  assert.deepEqual(scanText(`${line}\n${" ".repeat(200)}\n${line}`, { secret }), []);
});

test("scanText() finds a secret in each place, however the places are aligned", () => {
  const secret = "Kp0Rt4YwBn8cQ7ZxvLm2!";
  for (let slashes = 4; slashes < 8; slashes++) {
    // Slashes decode to no text, so that both places decode to the same text.
    const text = btoa(secret) + "/".repeat(slashes) + btoa(secret);
    const found = scanText(text, { secret });
    assert.deepEqual(
      found.map(({ at, whole, form }) => [at, whole, form]),
      [[0, true, "base64"], [text.length - 28, true, "base64"]],
      text,
    );
  }
});

test("scanText() does not report text that only has the letters of a short secret", () => {
  const short = { password: "s3same-open", pin: "4711", word: "testtest" };
  for (
    const text of ["s3same open", "s3same_open", "test test", "4 711", '"47"\n"11"', "4%20711"]
  ) {
    assert.deepEqual(scanText(text, short), [], text);
  }
});

test("scanText() finds whole tokens, and distinguishes tokens of one issuer", () => {
  const part = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
  const random = new Random(7);
  const letters = (count: number) =>
    Array.from({ length: count }, () => random.pick([..."ABCDEFGHabcdefgh0123456789_-"])).join("");
  const header = part({ alg: "RS256", typ: "JWT" });
  const id_token = `${header}.${part({ sub: "ada", n: letters(40) })}.${letters(342)}`;
  const jwe = `${header}.${letters(40)}.${letters(16)}.${letters(60)}.${letters(22)}`;
  for (const token of [id_token, jwe]) {
    for (
      const text of [
        token,
        wrapped(token, 60),
        btoa(`x${token}`),
        `Bearer ${wrapped(token, 70, '" +\n"')}`,
      ]
    ) {
      const found = scanText(text, { id_token, jwe });
      assert.equal(found.length, 1);
      assert.equal(found[0]?.whole, true);
    }
  }
  assert.deepEqual(
    scanText(`${header}.${part({ sub: "bob" })}.${letters(342)}`, { id_token, jwe }),
    [],
  );
});

const notebook = (...cells: unknown[]) => JSON.stringify({ cells, metadata: {}, nbformat: 4 });
const stream = (text: string, name = "stdout") => ({ output_type: "stream", name, text: [text] });
const html_ = (text: string) => ({ output_type: "display_data", data: { "text/html": text } });

test("scanNotebookJson() finds a secret that is split over lines, outputs and cells", () =>
  eachRow([
    {
      name: "lines of a source",
      json: notebook({ source: ["'Kp0Rt4Y' +\n", "  'wBn8cQ7ZxvLm2'"] }),
      is: [1, "source", undefined],
    },
    {
      name: "chunks of a stream",
      json: notebook({
        source: "",
        outputs: [stream("a Kp0Rt4"), stream("YwBn8c"), stream("Q7ZxvLm2\n")],
      }),
      is: [1, "output", 1],
    },
    {
      name: "a chunk that cuts an escape",
      json: notebook({ source: "", outputs: [stream("a %4"), stream("bp0Rt4YwBn8cQ7ZxvLm2\n")] }),
      is: [1, "output", 1],
    },
    {
      name: "two streams",
      json: notebook({
        source: "",
        outputs: [stream("Kp0Rt4YwB\n"), stream("n8cQ7ZxvLm2", "stderr")],
      }),
      is: [1, "output", 1],
    },
    {
      name: "neighbouring displays",
      json: notebook({
        source: "",
        outputs: [html_("<b>Kp0Rt4YwB</b>"), html_("<b>n8cQ7ZxvLm2</b>")],
      }),
      is: [1, "output", 1],
    },
    {
      name: "neighbouring cells",
      json: notebook({ source: "a = 'Kp0Rt4YwB" }, { source: "n8cQ7ZxvLm2'" }),
      is: [1, "source", undefined],
    },
    {
      name: "outputs of two cells",
      json: notebook({ source: "", outputs: [stream("\nKp0Rt4YwB")] }, {
        source: "",
        outputs: [stream("n8cQ7ZxvLm2")],
      }),
      is: [1, "output", 1],
    },
    {
      name: "a key of JSON",
      json: notebook({
        source: "",
        outputs: [{ data: { "application/json": { [btoa(plainSecret)]: 1 } } }],
      }),
      is: [1, "output", 1],
    },
    {
      name: "bytes in JSON",
      json: notebook({
        source: "",
        outputs: [{
          data: {
            "application/json": {
              type: "Buffer",
              data: [...new TextEncoder().encode(plainSecret)],
            },
          },
        }],
      }),
      is: [1, "output", 1],
    },
    {
      name: "bytes in JSON, each in a list",
      json: notebook({
        source: "",
        outputs: [{
          data: {
            "application/json": [...new TextEncoder().encode(plainSecret)].map((byte) => [byte]),
          },
        }],
      }),
      is: [1, "output", 1],
    },
    {
      name: "members of JSON, in their order",
      json: notebook({
        source: "",
        outputs: [{ data: { "application/json": { a: [1, "Kp0Rt4Yw", "Bn8cQ7ZxvLm2"] } } }],
      }),
      is: [1, "output", 1],
    },
    {
      name: "an attachment",
      json: notebook({
        source: "",
        attachments: { "a.png": { "image/png": btoa(`\x89PNG${plainSecret}`) } },
      }),
      is: [1, "metadata", undefined],
    },
  ], ({ json, is }) => {
    const [found, ...more] = scanNotebookJson(json, { plainSecret });
    assert.deepEqual([found?.cell, found?.where, found?.output], is);
    assert.deepEqual([found?.whole, more], [true, []]);
  }));

test("scanNotebookJson() finds a secret that is saved as a number", () => {
  const json = notebook({ source: "", metadata: { pin: 47110815 } });
  assert.deepEqual(
    scanNotebookJson(json, { pin: "47110815" }).map(({ cell, whole }) => [cell, whole]),
    [[1, true]],
  );
});

test("scanNotebookJson() reads an output of more lines than a call takes arguments", () => {
  const lines = Array.from({ length: 200_000 }, () => "x\n");
  const json = notebook({
    source: "",
    outputs: [{ ...stream(""), text: [...lines, plainSecret] }],
  });
  assert.deepEqual(scanNotebookJson(json, { plainSecret }).map(({ line }) => line), [200_001]);
});

test("ordinary notebooks and random text are clean for thirty secrets", async () => {
  const random = new Random(11);
  const alphabets = [
    "0123456789abcdef",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
  ];
  const letters = (count: number, alphabet: string) => {
    let text = "";
    for (let at = 0; at < count; at++) text += alphabet[random.below(alphabet.length)];
    return text;
  };
  const secrets = Object.fromEntries(
    Array.from(
      { length: 30 },
      (_, at) => [`s${at}`, letters(20 + 30 * at, alphabets[at % 2] ?? "")],
    ),
  );
  const index = new SecretIndex({ ...secrets, pin: "4711x", password: "hunter2-now" });
  const folder = new URL("../../examples/", import.meta.url);
  let notebooks = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".ipynb")) continue;
    assert.deepEqual(
      scanNotebookJson(await Deno.readTextFile(new URL(name, folder)), index),
      [],
      name,
    );
    notebooks++;
  }
  assert(notebooks > 5);
  for (
    const alphabet of [
      ...alphabets,
      "abcdefghijklmnopqrstuvwxyz \n.,",
      "0123456789, \n",
      "%&;\\x41#u0<>/=",
    ]
  ) {
    assert.deepEqual(scanText(letters(1_000_000, alphabet), index), [], alphabet);
  }
});
