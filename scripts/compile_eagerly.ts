// Full names, because dnt runs with its own import map, which does not have these.
// deno-lint-ignore no-import-prefix
import { parseAst } from "npm:@rollup/wasm-node@^4.68.0/parseAst";

/** A node of the syntax tree (ESTree), with its place in the code. */
interface Node {
  type: string;
  start: number;
  end: number;
  [member: string]: unknown;
}

/** Text to add at a place in the code. */
type Insertion = [at: number, text: string];

/**
 * Makes V8 compile some functions of a module together with the module, by putting them in parentheses.
 *
 * Otherwise V8 compiles a function when it is first called, and Deno's code cache holds only what was
 * compiled with the module, so every start compiles the same functions again: 0.6 million instructions a
 * kilobyte. Methods stay as they are, because parentheses cannot hold them.
 *
 * @param code a module whose exports are listed in one statement, as rollup writes it
 * @param ends where these functions end in the code; the others would only take time
 */
export function compileEagerly(code: string, ends: ReadonlySet<number>): string {
  const program = parseAst(code) as unknown as Node & { body: Node[] };
  const insertions: Insertion[] = [];
  const declarations: (Node & { id: { name: string } })[] = [];
  let imports = 0;
  for (const statement of program.body) {
    if (statement.type === "ImportDeclaration") imports = Math.max(imports, statement.end);
    if (statement.type === "FunctionDeclaration" && ends.has(statement.end)) {
      declarations.push(statement as never);
    }
    collect(statement, ends, insertions);
  }
  // A declaration can be called above its line. An expression cannot, so all of them go to the top.
  const top: string[] = [];
  const rest: string[] = [];
  let at = imports;
  for (const { start, end, id } of declarations) {
    rest.push(withInsertions(code, at, start, insertions));
    top.push(`const ${id.name} = (${withInsertions(code, start, end, insertions)});`);
    at = end;
  }
  rest.push(withInsertions(code, at, code.length, insertions));
  return [code.slice(0, imports), ...top, rest.join("")].join("\n\n");
}

/** Collects parentheses for the function expressions and arrow functions below a node. */
function collect(node: Node, ends: ReadonlySet<number>, insertions: Insertion[]): void {
  const isMethod = node.type === "MethodDefinition" ||
    (node.type === "Property" && (node["method"] === true || node["kind"] !== "init"));
  for (const [name, member] of Object.entries(node)) {
    for (const child of Array.isArray(member) ? member : [member]) {
      if (!isNode(child)) continue;
      const isFunction = /^(Function|ArrowFunction)Expression$/.test(child.type);
      const isChosen = isFunction && ends.has(child.end) && !(isMethod && name === "value");
      if (isChosen) insertions.push([child.start, "("]);
      collect(child, ends, insertions);
      if (isChosen) insertions.push([child.end, ")"]);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null &&
    typeof (value as Partial<Node>).type === "string";
}

/** A part of the code, with the insertions that belong to it. */
function withInsertions(
  code: string,
  start: number,
  end: number,
  insertions: readonly Insertion[],
): string {
  const inside = insertions.filter(([at, text]) =>
    text === "(" ? start <= at && at < end : start < at && at <= end
  ).sort(([one], [other]) => one - other);
  const parts: string[] = [];
  let done = start;
  for (const [at, text] of inside) {
    parts.push(code.slice(done, at), text);
    done = at;
  }
  return [...parts, code.slice(done, end)].join("");
}
