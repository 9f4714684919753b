import { isOpenable, isSecretField, secrecyOf } from "../trust.ts";
import type { Runtime } from "./runtime.ts";

/**
 * The program that opens a URL in the person's browser, without a shell; `null` if there is no browser, or
 * the URL is not for one.
 */
export function browserCommand(
  runtime: Pick<Runtime, "platform" | "getEnvironment">,
  url: string,
): { program: string; args: string[] } | null {
  // Other schemes could start other programs.
  if (!isOpenable(url)) return null;
  // `href` is percent-encoded: it cannot begin with a dash.
  const { href } = new URL(url);
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

/** Variables with which a desktop's programs find each other, by their prefixes. */
const DESKTOP = /^(XDG|DBUS|GNOME|KDE|GTK|QT|SSH|GPG|PULSE|XAUTH|XKB|XIM|KEYBOARD)/;
/** Names with these endings are secret even so: a system may be called "Pulse" or "QT Weather". */
const SECRET = /(SECRET|PASS|PASSWORD|PASSPHRASE|TOKEN|CREDENTIALS?|(API|ACCESS|PRIVATE)_?KEY)$/i;

/**
 * The variables that a browser does not inherit: `loadCredentials` puts client secrets into the
 * environment, and the browser and its extensions do not need them.
 *
 * @param names all variables
 * @param written those that this module has set: of them only known open values stay
 */
export function hiddenVariables(
  names: readonly string[],
  written: ReadonlySet<string>,
): string[] {
  return names.filter((name) =>
    written.has(name)
      ? isSecretField(name)
      : secrecyOf(name) === "secret" && (SECRET.test(name) || !DESKTOP.test(name))
  );
}

/** How long a program that opens a browser has to report a failure, in milliseconds. */
const OPENING_TIME = 1500;

/** True unless the program soon reports a failure. Some run as long as the browser does. */
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
