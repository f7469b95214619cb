import { parseCsv } from './csv.ts';

/** A device request in the API's form (Engine API, DeviceRequest). */
export interface DeviceRequest {
  Driver: string;
  Count: number;
  DeviceIDs: string[] | null;
  Capabilities: string[][];
  Options: Record<string, string>;
}

/** Parses `all`, `2`, or `driver=nvidia,count=1,device=0,capabilities=compute`. @throws Error */
export function parseGpus(value: string): DeviceRequest {
  const request: DeviceRequest = { Driver: '', Count: 0, DeviceIDs: null, Capabilities: [], Options: {} };
  const seen = new Set<string>();
  if (value === '') throw new Error('EOF');
  for (const field of parseCsv(value)) {
    const equals = field.indexOf('=');
    const key = equals === -1 ? 'count' : field.slice(0, equals);
    const text = equals === -1 ? field : field.slice(equals + 1);
    if (seen.has(key)) throw new Error(`gpu request key '${key}' can be specified only once`);
    seen.add(key);
    if (key === 'driver') request.Driver = text;
    else if (key === 'count') request.Count = countOf(text);
    else if (key === 'device') request.DeviceIDs = text.split(',');
    else if (key === 'capabilities') request.Capabilities = [[...text.split(','), 'gpu']];
    else if (key === 'options') {
      for (const option of parseCsv(text)) {
        const [name = '', ...rest] = option.split('=');
        request.Options[name] = rest.join('=');
      }
    } else throw new Error(`unexpected key '${key}' in '${field}'`);
  }
  if (!seen.has('count') && request.DeviceIDs === null) request.Count = 1;
  if (request.Capabilities.length === 0) request.Capabilities = [['gpu']];
  return request;
}

function countOf(text: string): number {
  if (text === 'all') return -1;
  if (!/^-?\d+$/.test(text))
    throw new Error(`invalid count (${text}): value must be either "all" or an integer: invalid syntax`);
  return Number(text);
}
