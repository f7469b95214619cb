import { EngineError, invalid } from '../../../base/errors.ts';
import { csvFields } from '../values/csv-fields.ts';
import { parseBoolean } from '../values/numbers.ts';
import { didYouMean } from '../values/suggest.ts';

/** `RUN --device`: a CDI device. */
export interface Device {
  /** `vendor.com/class=name`, or a class. */
  readonly name: string;
  readonly isRequired: boolean;
}

/** Reads `vendor.com/class=name,required`. @throws EngineError invalid */
export function parseDevice(text: string): Device {
  let name = '';
  let isRequired = false;
  for (const field of deviceFields(text)) {
    const at = field.indexOf('=');
    const key = (at < 0 ? field : field.slice(0, at)).toLowerCase();
    const value = at < 0 ? undefined : field.slice(at + 1);
    if (key === 'required') isRequired = value === undefined ? true : requiredValue(value);
    else if (key === 'name' && value !== undefined) {
      if (name !== '') throw invalid(`device name already set to ${name}`);
      name = value;
    } else if (name === '') name = field;
    else if (value === undefined) throw invalid(`invalid field '${field}' must be a key=value pair`);
    else throw invalid(`unexpected key '${key}' in '${field}'${didYouMean(key, ['name', 'required'])}`);
  }
  return { name, isRequired };
}

function deviceFields(text: string): string[] {
  try {
    return csvFields(text);
  } catch (error) {
    throw error instanceof EngineError ? invalid(`failed to parse csv devices: ${error.message}`) : error;
  }
}

function requiredValue(value: string): boolean {
  const isRequired = parseBoolean(value);
  if (isRequired === undefined) throw invalid(`invalid value for required: ${value}`);
  return isRequired;
}
