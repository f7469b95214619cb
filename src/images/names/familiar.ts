import { familiarString, parseReference } from '../../spec/index.ts';

/** A stored name as users write it: without the default registry and repository prefix. */
export function familiar(name: string): string {
  return familiarString(parseReference(name));
}
