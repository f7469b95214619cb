import type { EngineEvent } from '../spec/index.ts';

/** Name to accepted values; values of one name are alternatives, names are all required. */
export type EventFilters = Readonly<Record<string, readonly string[]>>;

/** Actions that carry a detail after a colon (`exec_create: sh`): these are matched by their beginning. */
const DETAILED_ACTIONS = ['health_status', 'exec_create', 'exec_start', 'exec_die', 'exec_detach'];

/** Whether an event passes, by dockerd's rules: ids and names match by prefix, images with or without their tag. */
export function matchesFilters(event: EngineEvent, filters: EventFilters): boolean {
  const { ID: id, Attributes: attributes } = event.Actor;
  const name = attributes['name'] ?? '';
  return (
    matchesAction(filters['event'], event.Action) &&
    exact(filters['type'], [event.Type]) &&
    exact(filters['scope'], [event.scope]) &&
    ofType(event, 'daemon', exact(filters['daemon'], [id, name]), filters) &&
    prefix(filters['container'], [id, name]) &&
    prefix(filters['plugin'], [id, name]) &&
    prefix(filters['volume'], [id, name]) &&
    prefix(filters['network'], [id, name]) &&
    matchesImage(filters['image'], event) &&
    matchesLabels(filters['label'], attributes)
  );
}

function ofType(event: EngineEvent, type: string, matched: boolean, filters: EventFilters): boolean {
  return (filters[type] ?? []).length === 0 || (event.Type === type && matched);
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

function matchesLabels(wanted: readonly string[] | undefined, labels: Readonly<Record<string, string>>): boolean {
  return (wanted ?? []).every((filter) => {
    const equals = filter.indexOf('=');
    const key = equals === -1 ? filter : filter.slice(0, equals);
    if (!Object.hasOwn(labels, key)) return false;
    return equals === -1 || labels[key] === filter.slice(equals + 1);
  });
}
