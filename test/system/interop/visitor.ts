/**
 * A person at a browser, simulated by `fetch`: stores cookies, follows redirects within one server, and
 * fills in forms. For pages that need no script.
 */
import type { Decision } from "./independent_server.ts";

/** A page, or the address of another site that the browser was redirected to. */
export type Arrival =
  | { readonly kind: "page"; readonly url: URL; readonly html: string }
  | { readonly kind: "elsewhere"; readonly url: URL };

/** A form with its prefilled values. */
interface Form {
  action: string;
  method: string;
  fields: [name: string, value: string, type: string][];
  buttons: { name: string; value: string; text: string }[];
}

/** The maximum number of pages for a sign-in. */
const MOST_PAGES = 8;

/** One browser at one server. */
export class Visitor {
  readonly #cookies = new Map<string, string>();
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Sends one request with the server's cookies, and stores those in the response. */
  async send(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const cookies = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    if (cookies !== "") headers.set("cookie", cookies);
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === "" || /max-age=0\b/i.test(cookie)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }

  /** Opens an address, and follows redirects to a page or another site. */
  async open(url: string | URL, init: RequestInit = {}): Promise<Arrival> {
    let at = new URL(url);
    let request = init;
    for (let hop = 0; hop < 10; hop++) {
      if (at.origin !== this.#origin) return { kind: "elsewhere", url: at };
      const response = await this.send(at, request);
      const location = response.headers.get("location");
      const html = await response.text();
      if (location === null) {
        if (!response.ok) throw new Error(`${at.pathname} answered ${response.status}: ${html}`);
        return { kind: "page", url: at, html };
      }
      at = new URL(location, at);
      request = {};
    }
    throw new Error(`too many redirects, the last to ${at.pathname}`);
  }

  /**
   * Signs in at any series of pages: a form with a password is filled in, any other is answered.
   *
   * @param other values of further fields, such as a device code
   */
  async answer(
    url: string | URL,
    login: { username: string; password: string },
    decision: Decision,
    other: Readonly<Record<string, string>> = {},
  ): Promise<Arrival> {
    let arrival = await this.open(url);
    for (let page = 0; page < MOST_PAGES && arrival.kind === "page"; page++) {
      const forms = formsOf(arrival.html);
      if (forms.length === 0) break;
      arrival = await this.#submit(arrival.url, fill(forms, login, decision, other));
    }
    return arrival;
  }

  #submit(page: URL, { action, method, fields }: Form): Promise<Arrival> {
    const target = new URL(action === "" ? page : action, page);
    const body = new URLSearchParams(fields.map(([name, value]) => [name, value]));
    if (method === "post") {
      return this.open(target, { method: "POST", body, headers: { referer: page.href } });
    }
    target.search = body.toString();
    return this.open(target);
  }
}

/** Fills in the form with a password, or answers the one that asks for consent. */
function fill(
  forms: Form[],
  login: { username: string; password: string },
  decision: Decision,
  other: Readonly<Record<string, string>>,
): Form {
  const signIn = forms.find(({ fields }) => fields.some(([, , type]) => type === "password"));
  if (signIn) {
    return {
      ...signIn,
      fields: signIn.fields.map(([name, value, type]) => {
        if (type === "password") return [name, login.password, type];
        return /^(text|email)$/.test(type) ? [name, login.username, type] : [name, value, type];
      }),
    };
  }
  const denies = (form: Form) =>
    form.fields.some(([name, value]) => `${name}=${value}` === "_method=delete");
  const form = forms.find((form) => denies(form) === (decision === "deny")) ?? forms[0] as Form;
  const wanted = decision === "allow"
    ? /allow|accept|authorize|yes|submit|continue/i
    : /cancel|deny|no\b/i;
  const button = form.buttons.find(({ name, value, text }) =>
    wanted.test(`${name} ${value} ${text}`)
  );
  const fields = form.fields.map(([name, value, type]): [string, string, string] => [
    name,
    other[name] ?? value,
    type,
  ]);
  if (button && button.name !== "") fields.push([button.name, button.value, "submit"]);
  return { ...form, fields };
}

/** The forms of a page. */
function formsOf(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gis)].map(([, head = "", body = ""]) => {
    const form: Form = {
      action: attribute(head, "action"),
      method: attribute(head, "method").toLowerCase(),
      fields: [],
      buttons: [],
    };
    for (const [, tag = "", rest = "", text = ""] of body.matchAll(CONTROL)) {
      const name = attribute(rest, "name");
      const value = attribute(rest, "value");
      const type = attribute(rest, "type").toLowerCase() || (tag === "input" ? "text" : "submit");
      if (type === "submit" || type === "button") form.buttons.push({ name, value, text });
      else if (type === "checkbox" && !/\bchecked\b/i.test(rest)) continue;
      else if (name !== "") form.fields.push([name, value, type]);
    }
    return form;
  });
}

const CONTROL = /<(input|button)\b([^>]*)>(?:([^<]*)<\/button>)?/gi;

function attribute(tag: string, name: string): string {
  const found = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, "i").exec(tag);
  return (found?.[1] ?? found?.[2] ?? "").replace(
    /&(?:amp|quot|lt|gt|#x([0-9a-f]+)|#(\d+));/gi,
    (entity, hex, decimal) =>
      hex || decimal
        ? String.fromCodePoint(parseInt(hex ?? decimal, hex ? 16 : 10))
        : { "&amp;": "&", "&quot;": '"', "&lt;": "<", "&gt;": ">" }[entity as string] ?? entity,
  );
}
