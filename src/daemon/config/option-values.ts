import { invalid } from '../../base/errors.ts';
import type { OptionName, OptionValues } from './options.ts';

/** Typed access to option values by name. */

/** A text. Undefined when it is absent. */
export function text(values: OptionValues, name: OptionName): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** Whether a switch is on. Absent is off. */
export function flag(values: OptionValues, name: OptionName): boolean {
  return values[name] === true;
}

/** A number of at least `least`. @throws EngineError invalid */
export function integer(values: OptionValues, name: OptionName, otherwise: number, least: number): number {
  const value = values[name] ?? otherwise;
  if (typeof value !== 'number' || value < least) throw invalid(`invalid ${name}: ${String(value)}`);
  return value;
}

/** A list. Empty when it is absent. */
export function list(values: OptionValues, name: OptionName): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

/** An object. Empty when it is absent. */
export function map(values: OptionValues, name: OptionName): Readonly<Record<string, string>> {
  const value = values[name];
  return typeof value === 'object' && !Array.isArray(value) ? (value as Readonly<Record<string, string>>) : {};
}
