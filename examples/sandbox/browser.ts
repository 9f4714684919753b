import type { SandboxUser } from "./system.ts";

const MAX_STEPS = 20;

/** Walks sign-in and consent; resolves to the redirect that leaves the sandbox. */
export async function completeSignIn(url: string, user: SandboxUser): Promise<string> {
  const browser = new Browser(new URL(url).origin);
  return await browser.walk(url, { ...user, decision: "approve" });
}

/** Walks the device verification page to its end and approves. */
export async function approveDevice(url: string, user: SandboxUser): Promise<void> {
  await new Browser(new URL(url).origin).walk(url, { ...user, decision: "approve" });
}

/** Refuses at the device verification page. */
export async function denyDevice(url: string): Promise<void> {
  await new Browser(new URL(url).origin).walk(url, { abort: "yes" });
}

/** As much of a browser as the sandbox's own pages need: cookies, redirects and forms. */
class Browser {
  readonly #origin: string;
  readonly #cookies = new Map<string, { value: string; path: string }>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Follows redirects and fills in forms; ends at another origin or at a page without a form. */
  async walk(start: string, answers: Record<string, string>): Promise<string> {
    let url = new URL(start);
    let form: URLSearchParams | undefined;
    for (let step = 0; step < MAX_STEPS; step++) {
      if (url.origin !== this.#origin) return url.href;
      const response = await this.#request(url, form);
      const location = response.headers.get("location");
      const text = await response.text();
      if (location) {
        url = new URL(location, url);
        form = undefined;
        continue;
      }
      if (!response.ok) throw new Error(`${response.status} at ${url.pathname}: ${text}`);
      const action = /<form[^>]*\baction="([^"]*)"/.exec(text)?.[1];
      if (action === undefined) return url.href;
      const next = fillIn(text, answers);
      if (form && String(form) === String(next)) {
        throw new Error(`The page ${url.pathname} did not accept the form.`);
      }
      form = next;
      url = new URL(action.replaceAll("&amp;", "&"), url);
    }
    throw new Error("The sign-in did not come to an end.");
  }

  async #request(url: URL, form?: URLSearchParams): Promise<Response> {
    const cookie = [...this.#cookies].filter(([, { path }]) => url.pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      redirect: "manual",
      headers: cookie ? { cookie } : {},
      ...(form ? { method: "POST", body: form } : {}),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (!name) continue;
      const path = /;\s*path=([^;]*)/i.exec(line)?.[1] ?? "/";
      if (value) this.#cookies.set(name, { value, path });
      else this.#cookies.delete(name);
    }
    return response;
  }
}

function fillIn(page: string, answers: Record<string, string>): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [, tag] of page.matchAll(/<((?:input|button)[^>]*)>/g)) {
    const name = /\bname="([^"]*)"/.exec(tag ?? "")?.[1];
    const value = /\bvalue="([^"]*)"/.exec(tag ?? "")?.[1] ?? "";
    if (!name) continue;
    const isButton = tag?.startsWith("button");
    const answer = answers[name];
    // A button is sent only when it is the one pressed.
    if (isButton && answer !== value) continue;
    fields.set(name, answer ?? value.replaceAll("&amp;", "&").replaceAll("&quot;", '"'));
  }
  return fields;
}
