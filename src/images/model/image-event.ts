import type { Digest } from '../../base/ids.ts';
import type { EventSink, ImageConfig } from '../../spec/index.ts';

/**
 * Announces an image's event. Its attributes are the image's labels, and `name`, which is the name as the user gave it.
 */
export function imageEvent(
  deps: { readonly events: EventSink },
  action: 'load' | 'save' | 'import' | 'tag' | 'untag' | 'delete' | 'prune',
  image: { readonly id: Digest; readonly config: ImageConfig },
  name: string = image.id,
): void {
  deps.events.emit('image', action, image.id, { ...image.config.config?.Labels, name });
}
