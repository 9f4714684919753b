import type { Runtime } from "./runtime.ts";

/**
 * The program that opens a URL in the person's browser, without a shell; `null` where there is no
 * browser to open, or the URL is not one for a browser.
 */
export function browserCommand(
  runtime: Pick<Runtime, "platform" | "getEnvironment">,
  url: string,
): { program: string; args: string[] } | null {
  if (!URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  // Other schemes start other programs. `href` is percent-encoded: it cannot begin with a dash.
  if (protocol !== "https:" && protocol !== "http:") return null;
  switch (runtime.platform) {
    case "darwin":
      return { program: "open", args: [href] };
    case "windows":
      return { program: "rundll32", args: ["url.dll,FileProtocolHandler", href] };
    default:
      if (!runtime.getEnvironment("DISPLAY") && !runtime.getEnvironment("WAYLAND_DISPLAY")) {
        return null;
      }
      return { program: "xdg-open", args: [href] };
  }
}

/** How long a program that opens a browser has to report that it could not, in milliseconds. */
const OPENING_TIME = 1500;

/** True unless the program reports failure soon; some keep running as long as the browser does. */
export async function opened(success: Promise<boolean>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const still = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), OPENING_TIME);
  });
  try {
    return await Promise.race([success, still]);
  } finally {
    clearTimeout(timer);
  }
}
