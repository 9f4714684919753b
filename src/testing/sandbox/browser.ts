import type { SandboxUser } from "./system.ts";

const MAX_STEPS = 20;

/** Signs in and consents; resolves to the redirect that leaves the sandbox. */
export async function completeSignIn(url: string, user: SandboxUser): Promise<string> {
  return (await new Browser(url).walk({ ...user, decision: "approve" })).url;
}

/** Signs in and denies; resolves to the redirect that leaves the sandbox. */
export async function denySignIn(url: string, user: SandboxUser): Promise<string> {
  return (await new Browser(url).walk({ ...user, decision: "deny" })).url;
}

/** Signs in at the device verification page and approves. */
export async function approveDevice(url: string, user: SandboxUser): Promise<void> {
  await new Browser(url).walk({ ...user, decision: "approve" });
}

/** Signs in at the device verification page and denies. */
export async function denyDevice(url: string, user: SandboxUser): Promise<void> {
  await new Browser(url).walk({ ...user, decision: "deny" });
}

/** Signs in at the 4insight page and reads the sign-in code on it. */
export async function signInForPackage(origin: string, user: SandboxUser): Promise<string> {
  const { text } = await new Browser(`${origin}/auth`).walk({ ...user });
  const content = /<pre id="package">([^<]*)</.exec(text)?.[1];
  if (!content) throw new Error("The page shows no sign-in code.");
  return content.replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}

/** A small browser for the sandbox's own pages: cookies, redirects and forms. */
class Browser {
  readonly #start: URL;
  readonly #cookies = new Map<string, { value: string; path: string }>();

  constructor(start: string) {
    this.#start = new URL(start);
  }

  /** Follows redirects and fills in forms; ends at another origin or at a page without a form. */
  async walk(answers: Record<string, string>): Promise<{ url: string; text: string }> {
    let url = this.#start;
    let form: URLSearchParams | undefined;
    for (let step = 0; step < MAX_STEPS; step++) {
      if (url.origin !== this.#start.origin) return { url: url.href, text: "" };
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
      if (action === undefined) return { url: url.href, text };
      const next = fillIn(text, answers);
      if (form && String(form) === String(next)) {
        throw new Error(`The page ${url.pathname} did not accept the form.`);
      }
      form = next;
      url = new URL(action.replaceAll("&amp;", "&"), url);
    }
    throw new Error(`The sign-in did not end after ${MAX_STEPS} pages.`);
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
    // A browser sends only the button that was pressed.
    if (isButton && answer !== value) continue;
    fields.set(name, answer ?? value.replaceAll("&amp;", "&").replaceAll("&quot;", '"'));
  }
  return fields;
}
