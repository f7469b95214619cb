import { goText } from '../../model/go-text.ts';
import { isMapping, type Mapping, type Value } from '../../model/value.ts';
import { mapAt } from '../map-at.ts';

function withDefaults(value: Value, defaults: Readonly<Record<string, Value>>): Value {
  if (!isMapping(value)) return value;
  return new Map([...value, ...Object.entries(defaults).filter(([key]) => !value.has(key))]);
}

const deviceRequest = (value: Value): Value =>
  isMapping(value) && value.has('device_ids') ? value : withDefaults(value, { count: 'all' });

const secret = (value: Value): Value =>
  withDefaults(value, { target: `/run/secrets/${goText(isMapping(value) ? (value.get('source') ?? null) : null)}` });

const RULES = {
  'services.*.build': (value: Value) => withDefaults(value, { context: '.' }),
  'services.*.secrets.*': secret,
  'services.*.ports.*': (value: Value) => withDefaults(value, { protocol: 'tcp', mode: 'ingress' }),
  'services.*.deploy.resources.reservations.devices.*': deviceRequest,
  'services.*.gpus.*': deviceRequest,
};

/** Sets the values that are used when the files say nothing. */
export function setDefaults(project: Mapping): Mapping {
  return mapAt(project, RULES);
}
