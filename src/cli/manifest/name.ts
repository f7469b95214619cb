import { messageOf } from '../../base/errors.ts';
import { canonicalString, parseReference, type Reference, withDefaultTag } from '../../spec/index.ts';
import { CliError } from '../errors.ts';

/** A name as the user typed it, with the full name. */
export interface Name extends Reference {
  /** `docker.io/library/busybox:latest`. */
  readonly full: string;
}

/** @throws CliError, its text after `what` */
export function parseName(text: string, what = ''): Name {
  try {
    const reference = withDefaultTag(parseReference(text));
    return { ...reference, full: canonicalString(reference) };
  } catch (error) {
    throw new CliError(1, `${what}${messageOf(error)}`, { cause: error });
  }
}
