import { type Advice, IN_NOTEBOOK } from "./advice.ts";
import type { CardState } from "./person.ts";
import { plain } from "../base/text.ts";
import { anchor, escapeHtml, type Rendered, safeLink, withoutParameters } from "./html.ts";
import { moment, timeLeft } from "./time_left.ts";

/** What a card can show beside its state. */
export interface CardExtras {
  /** The link as a QR code: a `data:image/svg+xml;base64,` URI. */
  qr?: string;
  /** When the wait began, in epoch milliseconds: gives the remaining time a bar. */
  since?: number;
  /** What the person is told to do; as in a notebook unless given. */
  advice?: Advice;
}

type Live<Kind extends CardState["kind"]> = Extract<CardState, { kind: Kind }>;

/** True when nothing follows this state: what it shows stays in the saved notebook. */
export function isFinal(state: CardState): boolean {
  return state.kind === "signed_in" || state.kind === "failed";
}

/**
 * Renders one moment of a sign-in. Pure: the same state and time give the same card.
 *
 * Styles are inline, and the order of the text alone tells the story: an untrusted notebook drops
 * most styling. Colours are the frontend's own, so a dark theme needs no second version.
 *
 * @param state the moment to show
 * @param now the current time, in epoch milliseconds
 * @param extras a QR code, when the wait began, and what the person is told to do
 */
export function renderCard(state: CardState, now: number, extras: CardExtras = {}): Rendered {
  switch (state.kind) {
    case "starting":
      return card(state.title, [paragraph(escapeHtml(state.step), quiet)], [state.step]);
    case "link":
      return linkCard(state, now, extras);
    case "device":
      return deviceCard(state, now, extras);
    case "signed_in":
      return signedInCard(state);
    case "failed": {
      const message = withoutParameters(state.message);
      return card(state.title, [paragraph(escapeHtml(message))], [message], "✗");
    }
  }
}

function linkCard(state: Live<"link">, now: number, extras: CardExtras): Rendered {
  const left = timeLeft(state.until - now);
  const host = safeLink(state.url)?.host;
  const label = host === undefined ? state.url : `Sign in at ${host}`;
  const command = forwardFor(state);
  const { computer, paste } = extras.advice ?? IN_NOTEBOOK;
  const elsewhere = command === null
    ? "The link works in a browser on any machine."
    : `The sign-in ends at a port of ${computer}. On the machine with the browser, forward that ` +
      `port first, then open the link. Or stop, and ${paste}.`;
  return card(state.title, [
    paragraph(anchor(state.url, label, button)),
    paragraph(escapeHtml(state.note)),
    countdown(left, state.until, now, extras.since),
    details("Browser on another machine?", [
      paragraph(escapeHtml(elsewhere)),
      command === null ? "" : paragraph(`<code style="${small}">${escapeHtml(command)}</code>`),
      paragraph(`<code style="${breaking}">${escapeHtml(state.url)}</code>`),
      qrImage(extras.qr),
    ]),
  ], [
    `Open: ${state.url}`,
    state.note,
    left,
    `Browser on another machine? ${elsewhere}`,
    ...(command === null ? [] : [command]),
  ]);
}

function deviceCard(state: Live<"device">, now: number, extras: CardExtras): Rendered {
  const left = timeLeft(state.until - now);
  const shown = state.url.replace(/^https?:\/\//, "");
  const verify = "Approve only if the page shows this code.";
  return card(state.title, [
    `<div style="${column}">`,
    paragraph(`1. Open ${anchor(state.completeUrl ?? state.url, shown)} on any device`),
    paragraph("2. Enter or compare the code"),
    paragraph(`<code style="${code}">${escapeHtml(state.code)}</code>`),
    paragraph(escapeHtml(verify)),
    `</div>`,
    qrImage(extras.qr),
    countdown(left, state.until, now, extras.since),
  ], [
    `1. Open ${state.url} on any device`,
    `2. Enter the code ${state.code}`,
    ...(state.completeUrl === undefined ? [] : [`Or open ${state.completeUrl}`]),
    verify,
    left,
  ]);
}

function signedInCard(state: Live<"signed_in">): Rendered {
  const rows: [string, string][] = [
    ["Account", state.account],
    ["Credentials", state.source],
    ["API", withoutParameters(state.api)],
    ["Token until", `${moment(state.until)}, ${state.renewal}`],
  ];
  const html = rows.map(([name, value]) =>
    `<span style="${quiet}">${escapeHtml(name)}:</span> ${escapeHtml(value)}`
  ).join("<br>");
  return card(
    state.title,
    [paragraph(html, "overflow-wrap:break-word")],
    rows.map(([name, value]) => `${name}: ${value}`),
    "✓",
  );
}

/** What a browser on another machine needs to reach the end of a sign-in; `null` where it needs nothing. */
export function forwardFor(state: Live<"link">): string | null {
  if (state.redirect === null) return null;
  return state.redirect === undefined
    ? forwardCommand(state.url)
    : commandFor(safeLink(state.redirect));
}

/** The same for a link that names the redirect. */
export function forwardCommand(url: string): string | null {
  return commandFor(safeLink(safeLink(url)?.searchParams.get("redirect_uri") ?? ""));
}

function commandFor(redirect: URL | null): string | null {
  if (!redirect || !/^(127\.0\.0\.1|localhost|\[::1\])$/.test(redirect.hostname)) return null;
  const port = redirect.port || "80";
  return `ssh -L ${port}:${redirect.hostname}:${port} user@that-computer`;
}

// Colours: the frontend's text, and half-transparent grey that is visible on white and on black.
// JupyterLab keeps these in an untrusted notebook (but for `user-select`): it knows no `anywhere`
// and no `currentColor`.
const frame = "max-width:36em;box-sizing:border-box;padding:12px 16px 6px;margin:4px 0;" +
  "border:1px solid rgba(128,128,128,0.45);border-radius:8px;line-height:1.5";
const quiet = "opacity:0.8";
const column = "display:inline-block;vertical-align:top;max-width:22em;margin-right:12px";
const button = "display:inline-block;padding:4px 14px;font-weight:600;text-decoration:none;" +
  "border:1px solid rgba(128,128,128,0.6);border-radius:6px";
const code = "font-size:200%;font-weight:600;letter-spacing:0.08em;user-select:all;" +
  "background:rgba(128,128,128,0.15);border-radius:6px;padding:2px 12px";
const small = "overflow-wrap:break-word;user-select:all;font-size:90%";
const breaking = `${small};word-break:break-all`;

function card(title: string, html: string[], text: string[], mark = ""): Rendered {
  const heading = mark === "" ? title : `${mark} ${title}`;
  return {
    html: `<div style="${frame}">` +
      `<p style="margin:0 0 6px"><b>${escapeHtml(heading)}</b></p>${html.join("")}</div>`,
    text: [heading, ...text.map((line) => `  ${line}`)].map(plain).join("\n"),
  };
}

function paragraph(html: string, style = ""): string {
  return `<p style="margin:6px 0${style === "" ? "" : `;${style}`}">${html}</p>`;
}

function details(summary: string, html: string[]): string {
  return `<details style="margin:6px 0"><summary>${summary}</summary>${html.join("")}</details>`;
}

function qrImage(qr: string | undefined): string {
  if (qr === undefined) return "";
  // White around the code in every theme: a scanner needs the quiet zone.
  return `<img src="${escapeHtml(qr)}" width="144" height="144" alt="QR code of the link" ` +
    `style="background:#fff;border-radius:6px;margin:6px 0">`;
}

function countdown(left: string, until: number, now: number, since: number | undefined): string {
  const share = since === undefined ? NaN : Math.round(100 * (until - now) / (until - since));
  const bar = Number.isFinite(share)
    ? `<progress value="${Math.min(100, Math.max(0, share))}" max="100"></progress> `
    : "";
  return paragraph(bar + escapeHtml(left), quiet);
}
