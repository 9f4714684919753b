import assert from "node:assert/strict";
import { localTime } from "../../src/base/text.ts";
import { type CardExtras, deviceLink, isFinal, renderCard } from "../../src/person/card.ts";
import type { CardState } from "../../src/person/person.ts";

const now = Date.UTC(2026, 4, 4, 12, 0);
const authorize = "https://login.example/authorize?client_id=abc&state=st4te&redirect_uri=" +
  encodeURIComponent("http://127.0.0.1:43117/callback");

const states: Record<CardState["kind"], CardState> = {
  starting: {
    kind: "starting",
    title: "Sign in to Example",
    step: "Enter your client ID.",
    problem: "The client secret was refused.",
    documentation: "https://example.com/keys",
  },
  link: {
    kind: "link",
    title: "Sign in to Example",
    url: authorize,
    note: "The cell goes on by itself.",
    until: now + 270_000,
  },
  device: {
    kind: "device",
    title: "Sign in to Example",
    url: "https://login.example/device",
    completeUrl: "https://login.example/device?user_code=WDJB-MJHT",
    code: "WDJB-MJHT",
    until: now + 540_000,
  },
  signed_in: {
    kind: "signed_in",
    title: "Signed in to Example as ada@example",
    client: "74dc",
    credentials: "Credentials saved to ~/.config/example/app_credentials",
    api: "https://api.example/?key=p4rameter",
    until: now + 3_600_000,
    renewal: "renews automatically",
  },
  greeting: { kind: "greeting", title: "Example: signed in as ada@example" },
  failed: {
    kind: "failed",
    title: "Sign in to Example",
    message:
      "See https://login.example/help?code=c0de&state=st4te#fr4gment, then run the cell again.",
  },
};

/** The elements and attributes that an untrusted notebook keeps, and nothing that runs or loads. */
const safeTags = /^<\/?(div|p|b|br|a|span|code|details|summary|progress|img)\b/;
const safeAttributes = new Set("style href target rel src width height alt value max".split(" "));

function assertSafe(html: string): void {
  for (const [tag] of html.matchAll(/<[^>]*>/g)) {
    assert.match(tag, safeTags);
    for (const [, name] of tag.matchAll(/\s([^\s=>"]+)="[^"]*"/g)) {
      assert.ok(safeAttributes.has(name!), tag);
    }
    const href = /href="([^"]*)"/.exec(tag)?.[1];
    if (href !== undefined) assert.match(href, /^https?:\/\//);
    const src = /src="([^"]*)"/.exec(tag)?.[1];
    if (src !== undefined) assert.match(src, /^data:image\/svg\+xml;base64,[A-Za-z0-9+/=]+$/);
    const style = /style="([^"]*)"/.exec(tag)?.[1] ?? "";
    assert.ok(!/var\(|url\(|(^|;)color:|position/.test(style), style);
  }
  assert.ok(!html.replace(/<[^>]*>/g, "").includes("<"));
}

/** The words of a card without any styling. */
function words(html: string): string {
  return html.replace(/<[^>]*>/g, " ").replaceAll("&amp;", "&").replace(/\s+/g, " ");
}

Deno.test("renderCard() returns the same card for the same state and time", () => {
  for (const state of Object.values(states)) {
    assert.deepEqual(renderCard(state, now), renderCard(structuredClone(state), now));
  }
});

Deno.test("renderCard() uses only HTML that an untrusted notebook keeps", () => {
  const extras: CardExtras = {
    qr: `data:image/svg+xml;base64,${btoa("<svg/>")}`,
    asking: true,
  };
  for (const state of Object.values(states)) assertSafe(renderCard(state, now, extras).html);
});

Deno.test("renderCard() says the same in HTML and in text", () => {
  for (const state of Object.values(states)) {
    const { html, text } = renderCard(state, now);
    const said = words(html);
    for (const [name, value] of Object.entries(state)) {
      if (typeof value !== "string" || value === state.kind || value.includes("?")) continue;
      if (name === "step" && "problem" in state) {
        // A repeated prompt: the refusal replaces the step.
        assert.ok(!text.includes(value) && !said.includes(value), `${value} in ${text}`);
        continue;
      }
      assert.ok(text.includes(value), `${value} in ${text}`);
      const isLink = value.startsWith("https://");
      const seen = value.replace(/^https:\/\//, "");
      assert.ok(said.includes(seen) || (isLink && html.includes(value)), `${value} in ${said}`);
    }
  }
});

Deno.test("renderCard() shows a link, when it expires, and how to use it from another machine", () => {
  const { html, text } = renderCard(states.link, now);
  assert.ok(html.includes(`href="${authorize.replaceAll("&", "&amp;")}"`));
  assert.match(html, /Sign in at login\.example<\/a>/);
  for (const shown of [words(html), text]) {
    assert.ok(shown.includes(`The link expires at ${localTime(now + 270_000, now)}.`), shown);
    assert.match(shown, /ssh -L 43117:127\.0\.0\.1:43117/);
  }
  assert.ok(text.includes(authorize));
  for (const more of [{ url: "https://a.example/x" }, { redirect: null }]) {
    const elsewhere = renderCard({ ...states.link, ...more } as CardState, now);
    assert.match(elsewhere.text, /works in any browser/);
    assert.ok(!elsewhere.text.includes("ssh -L"));
  }
});

Deno.test("renderCard() shows a device code, and where to enter it", () => {
  const { html, text } = renderCard(states.device, now);
  assert.match(html, />WDJB-MJHT<\/code>/);
  assert.match(html, /href="https:\/\/login\.example\/device\?user_code=WDJB-MJHT"/);
  assert.match(text, /https:\/\/login\.example\/device on any device/);
  assert.match(text, /code \(or enter it\): WDJB-MJHT/);
  assert.match(text, /Or open https:\/\/login\.example\/device\?user_code=WDJB-MJHT/);
  const { completeUrl: _, ...bare } = states.device as CardState & { kind: "device" };
  const plain = renderCard(bare, now);
  assert.match(plain.text, /Enter this code: WDJB-MJHT/);
  assert.doesNotMatch(plain.text, /Or open|codes match/);
});

Deno.test("no card says how long is left, because a notebook can be saved at any moment", () => {
  for (const state of Object.values(states)) {
    const later = renderCard(state, now + 60_000);
    assert.deepEqual(renderCard(state, now), later);
    assert.doesNotMatch(later.html, /<progress/);
  }
});

Deno.test("deviceLink() opens the host that the card names, over https, in ASCII", () => {
  const link = (url: string, completeUrl?: string) =>
    deviceLink({ ...states.device, url, completeUrl } as CardState & { kind: "device" });
  const device = "https://login.example/device";
  const rows: [url: string, completeUrl: string | undefined, target: string | null][] = [
    [device, `${device}?user_code=A`, `${device}?user_code=A`],
    [device, undefined, device],
    [device, "https://evil.example/device?user_code=A", device],
    [device, "https://login.example:8443/device?user_code=A", device],
    [device, "http://login.example/device?user_code=A", device],
    [device, "https://login.example@evil.example/", device],
    ["http://login.example/device", `${device}?user_code=A`, null],
    ["ftp://login.example/device", undefined, null],
    ["tel:+15550100", "tel:+15550100", null],
    ["javascript:alert(1)", undefined, null],
    ["login.example/device", undefined, null],
    ["http://127.0.0.1:9400/device", undefined, "http://127.0.0.1:9400/device"],
    ["http://localhost:9400/device", undefined, "http://localhost:9400/device"],
    ["https://l\u043egin.example/device", undefined, "https://xn--lgin-55d.example/device"],
  ];
  for (const [url, completeUrl, target] of rows) {
    assert.equal(link(url, completeUrl), target, `${url} ${completeUrl}`);
    const state = { ...states.device, url, completeUrl } as CardState;
    const { html, text } = renderCard(state, now);
    const href = /href="([^"]*)"/.exec(html)?.[1] ?? null;
    assert.equal(href?.replaceAll("&amp;", "&") ?? null, target);
    if (target === null) continue;
    // The visible host and the link's host are the same, also in the text.
    assert.ok(words(html).includes(` ${new URL(target).host}/device`), html);
    for (const [found] of text.matchAll(/https?:\/\/\S+/g)) {
      assert.equal(new URL(found).host, new URL(target).host);
    }
  }
});

Deno.test("a card says how to cancel only while a prompt is open", () => {
  for (const state of [states.starting, states.link]) {
    assert.doesNotMatch(renderCard(state, now).text, /To cancel/);
    const { html, text } = renderCard(state, now, { asking: true });
    assert.match(text, /To cancel/);
    assert.match(words(html), /To cancel/);
  }
});

Deno.test("a final card has no code, no link parameters and no QR code", () => {
  const extras: CardExtras = { qr: "data:image/svg+xml;base64,AAAA" };
  for (const state of Object.values(states).filter(isFinal)) {
    const { html, text } = renderCard(state, now, extras);
    for (const shown of [html, text]) {
      assert.ok(!/p4rameter|c0de|st4te|fr4gment|\?|base64|href/.test(shown), shown);
    }
  }
  assert.match(renderCard(states.failed, now).text, /login\.example\/help then run the cell/);
});

Deno.test("renderCard() shows when a token expires, in local time and without seconds", () => {
  const at = (until: number) => renderCard({ ...states.signed_in, until } as CardState, now).text;
  const soon = now + 60_000;
  assert.ok(at(soon).includes(`token expires ${localTime(soon, now)} (renews automatically).`));
  assert.match(at(now - 60_000), /token expired \S+ \(renews automatically\)\./);
  assert.match(at(now + 90_000_000), /token expires \d{4}-\d\d-\d\d \d\d:\d\d \(/);
});

Deno.test("renderCard() escapes hostile values", () => {
  const hostile = [
    `"><script>alert(1)</script><img src=x onerror=alert(1)>`,
    `' onmouseover='alert(1)`,
    `javascript:alert(1)//https://login.example`,
    `data:text/html,<script>alert(1)</script>`,
    `https://user:password@login.example/`,
    `https://login.example/" onclick="alert(1)`,
    `\u001b]0;title\u0007\u001b[2J\u202etxt.exe\u2066\u0000\r\n`,
    `&lt;script&gt;`,
    `\ud800`,
    ``,
  ];
  for (const value of hostile) {
    for (const state of Object.values(states)) {
      const attacked = Object.fromEntries(
        Object.entries(state).map(([key, was]) => [
          key,
          typeof was === "string" && key !== "kind" ? value : was,
        ]),
      ) as unknown as CardState;
      const { html, text } = renderCard(attacked, now);
      assertSafe(html);
      // deno-lint-ignore no-control-regex
      assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(text));
      assert.ok(!/href="[^"]*password/.test(html));
    }
  }
  const odd = { ...states.signed_in, until: Infinity } as CardState;
  assert.match(renderCard(odd, now).text, /expires at an unknown time/);
});
