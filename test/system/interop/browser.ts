/** A person at a browser, simulated by `fetch`: signs in at the pages of `authlib_server.py`. */

/** Who signs in, and whether they agree. */
export interface Visitor {
  username: string;
  password: string;
  /** `deny` to refuse; `allow` by default. */
  answer?: "allow" | "deny";
}

/**
 * Opens an authorization URL, fills in the form and returns the address that the server redirects to.
 */
export async function signIn(authorizationUrl: string, visitor: Visitor): Promise<URL> {
  const response = await submit(authorizationUrl, visitor);
  const location = response.headers.get("location");
  const text = await response.text();
  if (location === null) throw new Error(`no redirect but ${response.status}: ${text}`);
  return new URL(location);
}

/** Signs in and follows the redirect to the loopback address. Returns the page shown there. */
export async function signInAndReturn(url: string, visitor: Visitor): Promise<Response> {
  return await fetch(await signIn(url, visitor), { redirect: "manual" });
}

/** Opens a device verification page with its code filled in and answers it. */
export async function answerDevice(completeUrl: string, visitor: Visitor): Promise<void> {
  const response = await submit(completeUrl, visitor);
  const text = await response.text();
  if (!response.ok) throw new Error(`the page answered ${response.status}: ${text}`);
}

/** Loads a page and submits its form with the prefilled values. */
async function submit(url: string, visitor: Visitor): Promise<Response> {
  // The opened address redirects to the page, once.
  const page = await fetch(url);
  const html = await page.text();
  if (!page.ok) throw new Error(`the page answered ${page.status}: ${html}`);
  const code = /name="user_code" value="([^"]*)"/.exec(html)?.[1] ?? "";
  const body = new URLSearchParams({
    username: visitor.username,
    password: visitor.password,
    user_code: code,
    answer: visitor.answer ?? "allow",
  });
  return await fetch(page.url, { method: "POST", body, redirect: "manual" });
}
