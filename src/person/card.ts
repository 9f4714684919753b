import { localTime, plain } from "../base/text.ts";
import { type Advice, type CardState, IN_NOTEBOOK } from "./person.ts";
import { renderGreeting } from "./announce.ts";
import {
  anchor,
  escapeHtml,
  linkLabel,
  type Rendered,
  safeLink,
  withoutParameters,
} from "./html.ts";

/** What a card can show besides its state. */
export interface CardExtras {
  /** The link as a QR code: a `data:image/svg+xml;base64,` URI. */
  qr?: string;
  /** True while a prompt is open. */
  asking?: boolean;
  /** The advice for the person; by default, for a notebook. */
  advice?: Advice;
}

type Live<Kind extends CardState["kind"]> = Extract<CardState, { kind: Kind }>;

/** True for a final state, whose card stays in the saved notebook. */
export function isFinal({ kind }: CardState): boolean {
  return kind === "signed_in" || kind === "greeting" || kind === "failed";
}

/**
 * Renders one state of a sign-in. Pure, except for the machine's time zone.
 *
 * Styles are inline, and the text makes sense without them, because an untrusted notebook drops
 * most styling. Colours come from the frontend, so a dark theme needs no second version.
 *
 * @param state the state to show
 * @param now the current time, in epoch milliseconds
 * @param extras a QR code, whether a prompt is open, and the advice for the person
 */
export function renderCard(state: CardState, now: number, extras: CardExtras = {}): Rendered {
  switch (state.kind) {
    case "starting":
      return startingCard(state, extras);
    case "link":
      return linkCard(state, now, extras);
    case "device":
      return deviceCard(state, now, extras);
    case "signed_in":
      return signedInCard(state, now);
    case "greeting":
      return renderGreeting(state.title);
    case "failed": {
      const message = withoutParameters(state.message);
      return card(`✗ ${state.title}`, [paragraph(escapeHtml(message))], [message]);
    }
  }
}

function startingCard(state: Live<"starting">, extras: CardExtras): Rendered {
  const { title, step, problem, documentation } = state;
  const where = "Where do I get these?";
  const cancel = cancelText(extras);
  return card(title, [
    // The second prompt needs no instructions: the refusal says what was wrong.
    problem === undefined
      ? paragraph(escapeHtml(step))
      : paragraph(`<b>${escapeHtml(`! ${problem}`)}</b>`),
    documentation === undefined ? "" : paragraph(anchor(documentation, where)),
    cancel === undefined ? "" : paragraph(escapeHtml(cancel), quiet),
  ], [
    problem === undefined ? step : `! ${problem}`,
    ...(documentation === undefined ? [] : [`${where} ${documentation}`]),
    ...(cancel === undefined ? [] : [cancel]),
  ]);
}

function linkCard(state: Live<"link">, now: number, extras: CardExtras): Rendered {
  const link = safeLink(state.url);
  const label = link ? `Sign in at ${link.host}` : state.url;
  const url = link?.href ?? state.url;
  const expires = `The link expires at ${localTime(state.until, now)}.`;
  const command = forwardFor(state);
  const { computer, paste } = extras.advice ?? IN_NOTEBOOK;
  const elsewhere = command === null
    ? "The link works in any browser, on any machine."
    : `The browser is sent back to a port of ${computer}. On the machine with the browser, forward that ` +
      `port first, then open the link. Or ${paste}.`;
  const cancel = cancelText(extras);
  return card(state.title, [
    paragraph(anchor(state.url, label, button)),
    paragraph(escapeHtml(state.note)),
    paragraph(escapeHtml([expires, cancel].filter(Boolean).join(" ")), quiet),
    details("Browser on another machine?", [
      paragraph(escapeHtml(elsewhere)),
      command === null ? "" : paragraph(`<code style="${small}">${escapeHtml(command)}</code>`),
      paragraph(`<code style="${breaking}">${escapeHtml(url)}</code>`),
      qrImage(extras.qr),
    ]),
  ], [
    `Open: ${url}`,
    state.note,
    expires,
    ...(cancel === undefined ? [] : [cancel]),
    `Browser on another machine? ${elsewhere}`,
    ...(command === null ? [] : [command]),
  ]);
}

function deviceCard(state: Live<"device">, now: number, extras: CardExtras): Rendered {
  const shown = linkLabel(state.url);
  const target = deviceLink(state);
  const isFilledIn = target !== null && target !== safeLink(state.url)?.href;
  const [check, warning] = isFilledIn
    ? ["Check that the page shows this code (or enter it):", "Only approve if the codes match."]
    : ["Enter this code:", "Only approve if you started this sign-in."];
  const wait = `The sign-in continues automatically once you approve. The code expires at ${
    localTime(state.until, now)
  }.`;
  return card(state.title, [
    `<div style="${column}">`,
    paragraph(`1. Open ${anchor(target ?? state.url, shown)} on any device.`),
    paragraph(`2. ${check}`),
    paragraph(`<code style="${code}">${escapeHtml(state.code)}</code>`),
    paragraph(escapeHtml(warning)),
    `</div>`,
    qrImage(extras.qr),
    paragraph(escapeHtml(wait), quiet),
  ], [
    `1. Open ${safeLink(state.url)?.href ?? state.url} on any device.`,
    `2. ${check} ${state.code}`,
    ...(isFilledIn ? [`Or open ${target}`] : []),
    warning,
    wait,
  ]);
}

/**
 * The link of a device card: the page with the code filled in, if it is on the host that the card shows,
 * else the page itself; `null` if neither is safe.
 */
export function deviceLink({ url, completeUrl }: Live<"device">): string | null {
  const page = safeLink(url);
  const complete = safeLink(completeUrl ?? "");
  if (complete && page && complete.origin === page.origin) return complete.href;
  return page?.href ?? null;
}

function signedInCard(state: Live<"signed_in">, now: number): Rendered {
  const verb = state.until > now ? "expires" : "expired";
  const time = localTime(state.until, now);
  const lines = [
    `Access token ${verb} ${time} (${state.renewal}).`,
    `${state.credentials}.`,
    ...(state.account === undefined ? [] : [`${state.account}.`]),
  ];
  const rows: [string, string][] = [
    ...(state.client === undefined ? [] : [["App credentials", state.client] as [string, string]]),
    ["API", withoutParameters(state.api)],
  ];
  const html = rows.map(([name, value]) =>
    `<span style="${quiet}">${escapeHtml(name)}:</span> ${escapeHtml(value)}`
  ).join("<br>");
  return card(`✓ ${state.title}`, [
    paragraph(escapeHtml(lines.join(" ")), "overflow-wrap:break-word"),
    details("Details", [paragraph(html, "overflow-wrap:break-word")]),
  ], [...lines, ...rows.map(([name, value]) => `${name}: ${value}`)]);
}

/** The command that forwards the redirect's port from another machine; `null` if none is needed. */
export function forwardFor({ url, redirect }: Live<"link">): string | null {
  if (redirect === null) return null;
  return commandFor(safeLink(redirect ?? safeLink(url)?.searchParams.get("redirect_uri") ?? ""));
}

function commandFor(redirect: URL | null): string | null {
  if (!redirect || !/^(127\.0\.0\.1|localhost|\[::1\])$/.test(redirect.hostname)) return null;
  const port = redirect.port || "80";
  return `ssh -L ${port}:${redirect.hostname}:${port} user@that-computer`;
}

function cancelText({ asking, advice = IN_NOTEBOOK }: CardExtras): string | undefined {
  return asking ? advice.cancel : undefined;
}

// Colours: the frontend's text colour, and half-transparent grey, which is visible on white and on
// black. In an untrusted notebook, JupyterLab keeps these styles except `user-select`. It would drop
// `anywhere` and `currentColor`.
const frame = "max-width:36em;box-sizing:border-box;padding:10px 16px 4px;margin:4px 0;" +
  "border:1px solid rgba(128,128,128,0.45);border-radius:8px;line-height:1.5";
const quiet = "opacity:0.8";
const column = "display:inline-block;vertical-align:top;max-width:22em;margin-right:12px";
const button = "display:inline-block;padding:4px 14px;font-weight:600;text-decoration:none;" +
  "border:1px solid rgba(128,128,128,0.6);border-radius:6px";
const code = "font-size:200%;font-weight:600;letter-spacing:0.08em;user-select:all;" +
  "background:rgba(128,128,128,0.15);border-radius:6px;padding:2px 12px";
const small = "overflow-wrap:break-word;user-select:all;font-size:90%";
const breaking = `${small};word-break:break-all`;

function card(heading: string, html: string[], text: string[]): Rendered {
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
  // Keep it white around the code in every theme, because a scanner needs the quiet zone.
  return `<img src="${escapeHtml(qr)}" width="144" height="144" alt="QR code of the link" ` +
    `style="background:#fff;border-radius:6px;margin:6px 0">`;
}
