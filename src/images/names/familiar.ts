import { familiarString, parseReference } from '../../spec/index.ts';

/** A stored name in the form that users write: without the default registry and repository prefix. */
export function familiar(name: string): string {
  return familiarString(parseReference(name));
}
