import { type DoctorReport, renderDoctor } from "../doctor/doctor_report.ts";
import { scanFiles } from "../scan/scan_file.ts";
import type { ScanReport } from "../scan/scan_report.ts";
import { readProvider } from "../profile/known_systems.ts";
import { doctor } from "../verbs.ts";
import type { Context } from "./command.ts";
import { type Paint, paintFor, styleFor } from "./paint.ts";
import { jsonText, say } from "./say.ts";
import { findTarget } from "./target.ts";

/** `onecell doctor SYSTEM` */
export async function examine(context: Context): Promise<number> {
  const { host, flags } = context;
  const { provider, options } = await findTarget(context);
  const report = await doctor(provider, options) as DoctorReport;
  // A doctor that is stopped halfway would report servers that it did not wait for.
  context.signal.throwIfAborted();
  const text = flags.has("json") ? jsonText(report).trimEnd() : renderDoctor(
    report.facts,
    report.findings,
    styleFor(host),
    host.runtime.homeDirectory(),
  ).text;
  await host.write(`${text}\n`);
  return report.ok ? 0 : 1;
}

/** `onecell scan FILE...` */
export async function scan(context: Context): Promise<number> {
  const { host, words, texts, flags } = context;
  const more = [];
  for (const file of texts["provider"] ?? []) more.push(await readProvider(host.runtime, file));
  const directories = texts["directory"] ?? [];
  const scanned = await scanFiles(words, { providers: more, directories });
  const reports = scanned.flatMap((file) => "report" in file ? [file.report] : []);
  for (const file of scanned) {
    if ("problem" in file) say(host, `${file.problem.code}: ${file.path}: ${file.problem.message}`);
  }
  const text = flags.has("json")
    ? jsonText(reports).trimEnd()
    : reportsText(reports, paintFor(host));
  if (text !== "") await host.write(`${text}\n`);
  return reports.length < scanned.length || reports.some(({ ok }) => !ok) ? 1 : 0;
}

/** Without secrets to look for, the notebook was not checked, so it gets no check mark. */
function reportsText(reports: readonly ScanReport[], { red, green, yellow }: Paint): string {
  const lines = reports.map((report) => {
    const { secrets, findings, unread } = report;
    const whole = secrets > 0 && unread.length === 0;
    const mark = findings.length > 0 ? red("✗") : whole ? green("✓") : yellow("!");
    return `${mark} ${report}`;
  });
  if (reports.some(({ secrets, unread }) => secrets === 0 && unread.length === 0)) {
    lines.push(
      "  Scan on the machine where the notebook was run. For secrets saved in another folder, pass",
      "  --directory FOLDER; for credentials in environment variables, pass --provider FILE.",
    );
  }
  return lines.join("\n");
}
