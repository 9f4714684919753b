/**
 * Shortens the paths in a text for people: those below the home folder begin with `~`. A quoted path
 * stays whole: it may be copied to a shell, which expands no `~` in quotes.
 *
 * @param home the home folder, where there is one
 */
export function shortenHome(text: string, home: string | undefined): string {
  const folder = home?.replace(/[\\/]+$/, "");
  if (!folder) return text;
  let short = "";
  let from = 0;
  for (let at = text.indexOf(folder); at >= 0; at = text.indexOf(folder, at + 1)) {
    const next = text.charAt(at + folder.length);
    const isWhole = next === "/" || next === "\\";
    // Part of a longer path, or quoted.
    if (!isWhole || /[\w"'/\\.:-]/.test(text.charAt(at - 1))) continue;
    short += `${text.slice(from, at)}~`;
    from = at + folder.length;
  }
  return short + text.slice(from);
}
