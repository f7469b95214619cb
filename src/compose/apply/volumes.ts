import { createVolume, removeVolume } from '../../client/index.ts';
import { type Hashes, type ResourceChange, volumeBody } from '../plan/index.ts';
import { type ApplyContext, change } from './apply-context.ts';
import { forAll } from './in-order.ts';
import { reporting } from './reporter.ts';

/** Creates the volumes that are missing. One that differs stays as it is: its data would be lost. @throws EngineError */
export async function ensureVolumes(
  context: ApplyContext,
  volumes: readonly ResourceChange[],
  hashes: Hashes,
): Promise<void> {
  const { engine, project, report } = context;
  await forAll(volumes, async ({ key, name, kind }) => {
    if (kind === 'keep' || kind === 'differs') return;
    const settings = project.volumes.get(key) ?? {};
    const body = volumeBody(project, key, settings, hashes.volume(settings));
    await change(context, () =>
      reporting(report, { id: `Volume ${name}`, doing: 'Creating', done: 'Created' }, async () => {
        if (kind === 'recreate') await removeVolume(engine, name, { force: true });
        await createVolume(engine, body);
      }),
    );
  });
}
