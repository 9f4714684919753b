/**
 * Shortens the paths in a text for people: paths inside the home folder begin with `~`. A quoted path
 * stays complete, because a shell does not expand a copied `~` in quotes.
 *
 * @param home the home folder, if there is one
 */
export function shortenHome(text: string, home: string | undefined): string {
  const folder = home?.replace(/[\\/]+$/, "");
  if (!folder) return text;
  let short = "";
  let from = 0;
  for (let at = text.indexOf(folder); at >= 0; at = text.indexOf(folder, at + 1)) {
    const next = text.charAt(at + folder.length);
    const isWhole = next === "/" || next === "\\";
    // It is quoted, or part of a longer path.
    if (!isWhole || /[\w"'/\\.:-]/.test(text.charAt(at - 1))) continue;
    short += `${text.slice(from, at)}~`;
    from = at + folder.length;
  }
  return short + text.slice(from);
}

/**
 * The same for what a shared notebook may show. In quotes, where a shell expands no `~`, the quotes are
 * removed, or begin after `~/`.
 */
export function withoutHome(text: string, home: string | undefined): string {
  const folder = home?.replace(/[\\/]+$/, "");
  if (!folder) return text;
  const bare = text.replace(/"([^"\n]*)"/g, (quoted, path: string) => {
    const [separator = "", ...rest] = path.startsWith(folder) ? path.slice(folder.length) : "";
    if (separator !== "/" && separator !== "\\") return quoted;
    const inner = rest.join("");
    return `~${separator}${/^[\p{L}\p{N}\w./\\@%+=:,-]+$/u.test(inner) ? inner : `"${inner}"`}`;
  });
  return shortenHome(bare, folder);
}
