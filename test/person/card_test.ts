import assert from "node:assert/strict";
import { type CardExtras, isFinal, renderCard } from "../../src/person/card.ts";
import type { CardState } from "../../src/person/person.ts";

const now = Date.UTC(2026, 4, 4, 12, 0);
const authorize = "https://login.example/authorize?client_id=abc&state=st4te&redirect_uri=" +
  encodeURIComponent("http://127.0.0.1:43117/callback");

const states: Record<CardState["kind"], CardState> = {
  starting: { kind: "starting", title: "Sign in to Example", step: "Looking around." },
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
    title: "Signed in to Example",
    account: "ada@example",
    source: "/home/ada/.config/example/app_credentials",
    api: "https://api.example/?key=p4rameter",
    until: now + 3_600_000,
    renewal: "renews itself",
  },
  failed: {
    kind: "failed",
    title: "Sign in to Example",
    message:
      "See https://login.example/help?code=c0de&state=st4te#fr4gment, then run the cell again.",
  },
};

/** What an untrusted notebook keeps, and nothing that runs or loads. */
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

/** The words of a card with all styling gone. */
function words(html: string): string {
  return html.replace(/<[^>]*>/g, " ").replaceAll("&amp;", "&").replace(/\s+/g, " ");
}

Deno.test("renderCard() is the same for the same state and time", () => {
  for (const state of Object.values(states)) {
    assert.deepEqual(renderCard(state, now), renderCard(structuredClone(state), now));
  }
});

Deno.test("renderCard() uses only what an untrusted notebook keeps", () => {
  const extras: CardExtras = {
    qr: `data:image/svg+xml;base64,${btoa("<svg/>")}`,
    since: now - 1000,
  };
  for (const state of Object.values(states)) assertSafe(renderCard(state, now, extras).html);
});

Deno.test("renderCard() tells the same in its words and in its text", () => {
  for (const state of Object.values(states)) {
    const { html, text } = renderCard(state, now);
    const said = words(html);
    for (const value of Object.values(state)) {
      if (typeof value !== "string" || value === state.kind || value.includes("?")) continue;
      assert.ok(text.includes(value), `${value} in ${text}`);
      assert.ok(said.includes(value.replace(/^https:\/\/login/, "login")), `${value} in ${said}`);
    }
  }
});

Deno.test("renderCard() shows a link to click, the time left, and the way from another machine", () => {
  const { html, text } = renderCard(states.link, now, { since: now - 30_000 });
  assert.ok(html.includes(`href="${authorize.replaceAll("&", "&amp;")}"`));
  assert.match(html, /Sign in at login\.example<\/a>/);
  assert.match(html, /<progress value="90" max="100">/);
  for (const shown of [words(html), text]) {
    assert.match(shown, /5 min left/);
    assert.match(shown, /ssh -L 43117:127\.0\.0\.1:43117/);
  }
  assert.ok(text.includes(authorize));
  const elsewhere = renderCard({ ...states.link, url: "https://a.example/x" } as CardState, now);
  assert.match(elsewhere.text, /works in a browser on any machine/);
});

Deno.test("renderCard() shows a device code, and where to enter it", () => {
  const { html, text } = renderCard(states.device, now);
  assert.match(html, />WDJB-MJHT<\/code>/);
  assert.match(html, /href="https:\/\/login\.example\/device\?user_code=WDJB-MJHT"/);
  assert.match(text, /https:\/\/login\.example\/device on any device/);
  assert.match(text, /code WDJB-MJHT/);
  assert.match(text, /Or open https:\/\/login\.example\/device\?user_code=WDJB-MJHT/);
});

Deno.test("renderCard() ends without code, link parameters or a picture of them", () => {
  const extras: CardExtras = { qr: "data:image/svg+xml;base64,AAAA", since: now };
  for (const state of Object.values(states).filter(isFinal)) {
    const { html, text } = renderCard(state, now, extras);
    for (const shown of [html, text]) {
      assert.ok(!/p4rameter|c0de|st4te|fr4gment|\?|base64|href/.test(shown), shown);
    }
  }
  assert.match(renderCard(states.failed, now).text, /login\.example\/help then run the cell/);
  assert.match(renderCard(states.signed_in, now).text, /2026-05-04 13:00 UTC, renews itself/);
});

Deno.test("renderCard() counts down in steps that can be read", () => {
  const left = (ms: number) =>
    /(\S+ \S+ left|time is up)/.exec(
      renderCard({ ...states.device, until: now + ms } as CardState, now).text,
    )?.[0];
  assert.deepEqual(
    [7_200_001, 900_000, 90_001, 90_000, 80_000, 1, 0, -5, NaN].map(left),
    [
      "3 h left",
      "15 min left",
      "2 min left",
      "90 s left",
      "80 s left",
      "10 s left",
      ...Array(3)
        .fill("time is up"),
    ],
  );
});

Deno.test("renderCard() makes nothing of hostile values", () => {
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
  assert.match(renderCard(odd, now).text, /Token until: unknown/);
});
