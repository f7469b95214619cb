import { isIP } from '../../../base/ip-version.ts';
import { ModelError } from '../../model/kind.ts';
import { isMapping, type Mapping, type Value } from '../../model/value.ts';
import { mapAt } from '../map-at.ts';

type Check = (value: Value, path: readonly string[]) => void;

const checkVolume: Check = (value, path) => {
  if (!isMapping(value) || value.get('external') !== true) return;
  for (const key of value.keys())
    if (key !== 'name' && key !== 'external' && !key.startsWith('x-'))
      throw new ModelError(path, `conflicting parameters "external" and ${JSON.stringify(key)} specified`);
};

const checkSource =
  (...keys: readonly string[]): Check =>
  (value, path) => {
    if (!isMapping(value)) return;
    const count = keys.filter((key) => value.has(key)).length;
    if (count > 1) throw new ModelError(path, `${keys.join('|')} attributes are mutually exclusive`);
    if (count === 0 && !value.has('driver') && !value.has('external'))
      throw new ModelError(path, `one of ${keys.join('|')} must be set`);
  };

const checkDevices: Check = (value, path) => {
  if (isMapping(value) && value.has('count') && value.has('device_ids'))
    throw new ModelError(path, '"count" and "device_ids" attributes are exclusive');
};

const checkAddress: Check = (value, path) => {
  const address = isMapping(value) ? value.get('host_ip') : undefined;
  if (typeof address === 'string' && isIP(address) === 0)
    throw new ModelError([...path, 'host_ip'], `invalid ip address: ${address}`);
};

const checkPath: Check = (value, path) => {
  if (value === '') throw new ModelError(path, "value can't be blank");
};

const keep =
  (check: Check) =>
  (value: Value, path: readonly string[]): Value => {
    check(value, path);
    return value;
  };

const RULES = {
  'volumes.*': keep(checkVolume),
  'configs.*': keep(checkSource('file', 'environment', 'content')),
  'secrets.*': keep(checkSource('file', 'environment')),
  'services.*.ports.*': keep(checkAddress),
  'services.*.develop.watch.*.path': keep(checkPath),
  'services.*.deploy.resources.reservations.devices.*': keep(checkDevices),
  'services.*.gpus.*': keep(checkDevices),
};

/** Checks what the schema cannot say about single values. @throws ModelError */
export function checkValues(project: Mapping): void {
  mapAt(project, RULES);
}
