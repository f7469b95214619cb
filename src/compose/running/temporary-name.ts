const TEMPORARY_NAME = /^([0-9a-f]{12})_./;

/**
 * The beginning of the id of the container that is to be replaced, when this is the name of one that is to take its place, and has its
 * name only when that one is gone. Undefined for other names.
 */
export function replacedIn(name: string): string | undefined {
  return TEMPORARY_NAME.exec(name)?.[1];
}
