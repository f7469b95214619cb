import { type EngineEvent, type Filters, labelRule, type Predicate } from '../spec/index.ts';

const hasLabels = labelRule((attributes: EngineEvent['Actor']['Attributes']) => attributes);

/** Actions with a detail after a colon (`exec_create: sh`). They are matched by their beginning. */
const DETAILED_ACTIONS = ['health_status', 'exec_create', 'exec_start', 'exec_die', 'exec_detach'];

/** Filters by the id or name of what an event is about. As in dockerd, they do not look at its type. */
const OBJECTS = ['container', 'plugin', 'volume', 'network', 'daemon', 'node', 'service', 'secret', 'config'];

/**
 * Compiles filters of events by dockerd's rules: ids and names match by prefix, images with or without their tag. As in
 * dockerd an unknown filter has no effect.
 */
export function eventFilter(filters: Filters): Predicate<EngineEvent> {
  const labelled = hasLabels(filters['label'] ?? [], undefined);
  return (event) => {
    const { ID: id, Attributes: attributes } = event.Actor;
    const { name = '' } = attributes;
    return (
      matchesAction(filters['event'], event.Action) &&
      exact(filters['type'], [event.Type]) &&
      exact(filters['scope'], [event.scope]) &&
      OBJECTS.every((object) => prefix(filters[object], [id, name])) &&
      matchesImage(filters['image'], event) &&
      labelled(attributes)
    );
  };
}

function exact(wanted: readonly string[] | undefined, values: readonly string[]): boolean {
  return wanted === undefined || wanted.length === 0 || wanted.some((value) => values.includes(value));
}

function prefix(wanted: readonly string[] | undefined, values: readonly string[]): boolean {
  if (wanted === undefined || wanted.length === 0) return true;
  return wanted.some((start) => values.some((value) => value.startsWith(start)));
}

function matchesAction(wanted: readonly string[] | undefined, action: string): boolean {
  if (exact(wanted, [action])) return true;
  return (wanted ?? []).some((start) => DETAILED_ACTIONS.includes(start) && action.startsWith(start));
}

function matchesImage(wanted: readonly string[] | undefined, event: EngineEvent): boolean {
  const { ID: id, Attributes: attributes } = event.Actor;
  const image = attributes[event.Type === 'image' ? 'name' : 'image'] ?? '';
  return exact(wanted, [id, image, withoutTag(id), withoutTag(image)]);
}

function withoutTag(reference: string): string {
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/') ? reference.slice(0, colon) : reference;
}
