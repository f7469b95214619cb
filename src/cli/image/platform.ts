import { messageOf } from '../../base/errors.ts';
import { parsePlatform } from '../../spec/index.ts';
import { CliError } from '../errors.ts';

/** `linux/arm64/v8` as the JSON that the API's `platform` parameters take; undefined for ''. @throws CliError */
export function platformQuery(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return JSON.stringify(parsePlatform(text));
  } catch (error) {
    throw new CliError(1, `invalid platform: ${messageOf(error)}`, { cause: error });
  }
}
