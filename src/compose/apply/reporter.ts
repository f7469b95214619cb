/** Something happens to a resource: a line of progress. */
export interface ResourceEvent {
  /** `Container web-1`, `Network app_default`, `Volume app_data`, `Image redis`. */
  readonly id: string;
  /** What happens, in the words of Compose: `Creating`, `Created`. */
  readonly text: string;
  readonly status: 'working' | 'done' | 'warning' | 'error';
}

export type Reporter = (event: ResourceEvent) => void;

/** Reports the begin and the end of work on a resource, or its error. @throws what `work` throws */
export async function reporting<T>(
  report: Reporter,
  { id, doing, done }: { readonly id: string; readonly doing: string; readonly done: string },
  work: () => Promise<T>,
): Promise<T> {
  report({ id, text: doing, status: 'working' });
  try {
    const result = await work();
    report({ id, text: done, status: 'done' });
    return result;
  } catch (error) {
    report({ id, text: error instanceof Error ? error.message : String(error), status: 'error' });
    throw error;
  }
}
