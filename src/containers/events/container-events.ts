import type { EventSink } from '../../spec/index.ts';
import type { ContainerRecord } from '../model/record.ts';

/** Announces a container's action with dockerd's attributes: its labels, image and name, then the action's own. */
export function emitContainerEvent(
  events: EventSink,
  record: ContainerRecord,
  action: string,
  extra?: Readonly<Record<string, string>>,
): void {
  events.emit('container', action, record.id, {
    ...record.config.Labels,
    image: record.config.Image ?? '',
    name: record.name,
    ...extra,
  });
}
