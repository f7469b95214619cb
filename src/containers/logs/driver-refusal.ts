import { invalid, messageOf } from '../../base/errors.ts';

/** The error of a start whose log driver does not take its options, or finds no receiver that must be there. */
export function driverRefusal(error: unknown): Error {
  return invalid(
    `failed to create task for container: failed to initialize logging driver: ${messageOf(error)}`,
    error,
  );
}
