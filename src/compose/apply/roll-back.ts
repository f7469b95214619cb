import { failed, messageOf } from '../../base/errors.ts';
import { removeContainer, renameContainer, startContainer } from '../../client/index.ts';
import { type ApplyContext, change } from './apply-context.ts';
import { type CreatedContainers, isRunning } from './create-containers.ts';
import { forAll } from './in-order.ts';
import { ignoring } from './networks.ts';
import { reporting } from './reporter.ts';
import type { StateWatch } from './state-watch.ts';
import { waitForAll } from './wait-condition.ts';

/**
 * Begins the containers that have replaced others. When all are ready, or have ended well, the old ones are removed; otherwise these are
 * put back as they were. @throws EngineError failed after the old ones are back
 */
export async function orRollBack(
  context: ApplyContext,
  created: CreatedContainers,
  watch: StateWatch,
  begin: () => Promise<void>,
): Promise<void> {
  const { replaced } = created;
  try {
    await begin();
    const successors = replaced.map(({ successor }) => successor);
    await waitForAll(context, successors, { condition: 'settled', watch });
  } catch (error) {
    if (replaced.length === 0) throw error;
    await rollBack(context, created);
    const names = replaced.map(({ successor }) => successor.name).join(', ');
    throw failed(`${messageOf(error)}: rolled back ${names}`, error);
  }
  await forAll(replaced, ({ old }) =>
    ignoring('notFound', () => removeContainer(context.engine, old.id, { force: true })),
  );
}

/** A signal that ended the changes does not end this. */
async function rollBack(context: ApplyContext, { replaced, stopped }: CreatedContainers): Promise<void> {
  const { engine, report } = context;
  const unended = { ...context, signal: new AbortController().signal };
  await forAll(replaced, async ({ old, successor }) => {
    await change(unended, () =>
      reporting(report, { id: `Container ${old.name}`, doing: 'Rolling back', done: 'Rolled back' }, async () => {
        await ignoring('notFound', () => removeContainer(engine, successor.id, { force: true }));
        await renameContainer(engine, old.id, old.name);
      }),
    );
  });
  // In the order in which they were made: one may share the network of the one before.
  for (const { old } of replaced) if (isRunning(old)) await startContainer(engine, old.id);
  const kept = stopped.filter((id) => !replaced.some(({ old }) => old.id === id));
  await forAll(kept, async (id) => {
    await startContainer(engine, id);
  });
}
