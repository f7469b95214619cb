import type { EventSink } from '../../spec/index.ts';
import type { ContainerRecord } from '../model/record.ts';

/**
 * Announces an action on a container with dockerd's attributes: the container's labels, image and name, then the
 * attributes of the action.
 */
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
