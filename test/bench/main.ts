// Runs the rows it is given one after another and writes their figures as JSON; scripts/bench.mjs makes the table.
import { writeFileSync } from 'node:fs';
import { Absent, type Measured, type Row } from './row';

export interface Outcome {
  name: string;
  what: string;
  unit: Row['unit'];
  goal: Row['goal'];
  measured?: Measured;
  error?: string;
  /** What is missing on this machine. */
  absent?: string;
}

export async function runRows(rows: readonly Row[], options: { quick: boolean; report: string }): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const { run, ...row } of rows) {
    const undos: (() => unknown)[] = [];
    process.stderr.write(`${row.name} …`);
    const start = performance.now();
    const outcome: Outcome = row;
    try {
      outcome.measured = await run({ quick: options.quick, defer: (undo) => undos.push(undo) });
    } catch (error) {
      if (error instanceof Absent) outcome.absent = error.message;
      else outcome.error = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    for (const undo of undos.reverse()) await undo();
    process.stderr.write(` ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
    outcomes.push(outcome);
    writeFileSync(options.report, JSON.stringify(outcomes));
  }
}
