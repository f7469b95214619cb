import type { OnProgress } from '../../../volumes/index.ts';
import type { SendLine } from '../../route.ts';

/** Sends the progress of a volume's content as lines in the form of pulls. */
export function volumeProgress(send: SendLine, id: string, status: string): OnProgress {
  return (current, total) =>
    send({ id, status, progressDetail: { current, ...(total === undefined ? {} : { total }) } });
}
