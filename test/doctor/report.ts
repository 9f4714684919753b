import assert from "node:assert/strict";
import { doctor as publicDoctor } from "../../mod.ts";
import type { DoctorReport } from "../../src/doctor/doctor_report.ts";

/** The report as this module defines it, with its facts. */
export async function doctor(...call: Parameters<typeof publicDoctor>): Promise<DoctorReport> {
  return await publicDoctor(...call) as DoctorReport;
}

/** Every way to show a report. */
export function shown(report: DoctorReport): string[] {
  const card = report[Symbol.for("Jupyter.display") as unknown as keyof DoctorReport];
  return [
    String(report),
    JSON.stringify(report),
    Deno.inspect(report, { depth: 20, showHidden: true }),
    JSON.stringify((card as unknown as () => unknown).call(report)),
    JSON.stringify(structuredClone(report.facts)) + JSON.stringify(report.findings),
  ];
}

/** Fails if a text contains six characters in a row of a secret. */
export function hides(texts: string[], secrets: string[]): void {
  for (const secret of secrets) {
    assert(secret.length >= 6, "too short to be looked for");
    for (let at = 0; at + 6 <= secret.length; at++) {
      const part = secret.slice(at, at + 6);
      for (const text of texts) assert(!text.includes(part), "a part of a secret is shown");
    }
  }
}

/** The findings, one per line. */
export function messages({ findings }: DoctorReport): string {
  return findings.map(({ message }) => message).join("\n");
}
