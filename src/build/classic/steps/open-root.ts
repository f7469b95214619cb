import { newObjectId } from '../../../base/ids.ts';
import type { ClassicPorts } from '../ports.ts';

/** A writable over a chain, which is removed unless it was sealed. @throws EngineError noSpace */
export async function openRoot(
  { snapshots, collector }: Pick<ClassicPorts, 'snapshots' | 'collector'>,
  below: Parameters<ClassicPorts['snapshots']['chain']>[0],
): Promise<AsyncDisposable & { readonly id: string; readonly path: string }> {
  const id = newObjectId();
  const remove = async (): Promise<void> => {
    await snapshots.removeWritable(id);
    await collector.collectHeldBack();
  };
  try {
    await snapshots.createWritable(id, below);
    return { id, path: await snapshots.mount(id, { isVolatile: true }), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
