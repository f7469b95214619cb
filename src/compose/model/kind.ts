import { Float, type Format, type Output, outputOf, sortedMap } from './output.ts';
import { describe, isList, isMapping, type Mapping, type Value } from './value.ts';

/** Where a value is, and where warnings go. */
export interface Place {
  readonly path: readonly string[];
  readonly warn: (text: string) => void;
}

/** A value of the model has the wrong form. `path` leads to it. */
export class ModelError extends Error {
  readonly path: readonly string[];

  constructor(path: readonly string[], message: string) {
    super(message);
    this.path = path;
  }
}

/**
 * A kind of field: how it is read from the value of a file, and how Compose prints it. `isEmpty` says when it is left
 * out. `absent` is what is printed for a field that is not set where Compose prints it always.
 */
export interface Kind<T> {
  readonly read: (value: Exclude<Value, null>, place: Place) => T;
  readonly isEmpty: (value: T) => boolean;
  readonly write: (value: T, format: Format) => Output;
  readonly absent: (format: Format) => Output;
}

export type TypeOf<K> = K extends Kind<infer T> ? T : never;

export function inside(place: Place, key: string): Place {
  return { path: [...place.path, key], warn: place.warn };
}

/** The error of a value that has the wrong form. @throws ModelError, always */
export function refuse(value: Value, place: Place, allowed: string): never {
  throw new ModelError(place.path, `must be ${allowed}, not ${describe(value)}`);
}

/** A kind without a difference between the two formats. */
function plain<T>(
  read: Kind<T>['read'],
  isEmpty: (value: T) => boolean,
  write: (value: T) => Output,
  absent: Output = null,
): Kind<T> {
  return { read, isEmpty, write: (value) => write(value), absent: () => absent };
}

export function simple<T>(options: {
  readonly read: Kind<T>['read'];
  readonly isEmpty?: (value: T) => boolean;
  readonly write: (value: T) => Output;
  readonly absent?: Output;
}): Kind<T> {
  return plain(options.read, options.isEmpty ?? (() => false), options.write, options.absent ?? null);
}

/** The same kind, that is printed also when it has its zero value: Go's pointers. */
export function optional<T>(kind: Kind<T>): Kind<T> {
  return { ...kind, isEmpty: () => false, absent: () => null };
}

export function list<T>(item: Kind<T>): Kind<readonly T[]> {
  return {
    read: (value, place) => {
      if (!isList(value)) return refuse(value, place, 'a list');
      return value.map((entry, index) => {
        const at = inside(place, String(index));
        return entry === null ? refuse(entry, at, 'set') : item.read(entry, at);
      });
    },
    isEmpty: (value) => value.length === 0,
    write: (value, format) => value.map((entry) => item.write(entry, format)),
    absent: () => null,
  };
}

/** Keys that the user chooses. An entry without a value is null. */
export function mapOf<T>(item: Kind<T>): Kind<ReadonlyMap<string, T | null>> {
  return {
    read: (value, place) => {
      if (!isMapping(value)) return refuse(value, place, 'a mapping');
      return new Map(
        [...value].map(([key, entry]) => [key, entry === null ? null : item.read(entry, inside(place, key))]),
      );
    },
    isEmpty: (value) => value.size === 0,
    write: (value, format) =>
      sortedMap(
        [...value].map(([key, entry]) => [key, entry === null ? null : item.write(entry, format)] as const),
        format,
      ),
    absent: () => null,
  };
}

export function floatOf(bits: 32 | 64, value: number): Output {
  return new Float(value, bits);
}

export function extensionsOutput(extensions: Mapping, format: Format): readonly (readonly [string, Output])[] {
  return sortedMap(
    [...extensions].map(([key, value]) => [key, outputOf(value, format)] as const),
    format,
  ).entries;
}
