import type { StepStatus } from './progress.ts';

/** Shows work as a part of a step. A part whose work fails is completed with the step. */
export async function reported<T>(
  { report }: { readonly report: (status: StepStatus) => void },
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  const started = Date.now();
  report({ id, started });
  const result = await work();
  report({ id, started, completed: Date.now() });
  return result;
}
