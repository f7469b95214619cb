import { messageOf } from '../../base/errors.ts';
import { type Platform, parsePlatform } from '../../spec/index.ts';
import { CliError } from '../errors.ts';

/** Parses `linux/arm64/v8`. Undefined for ''. @throws CliError */
export function platformOf(text: string): Platform | undefined {
  return text === '' ? undefined : parse(text);
}

/** Parses the values of a repeated `--platform`. @throws CliError */
export function platformsOf(texts: readonly string[]): readonly Platform[] {
  return texts.map(parse);
}

function parse(text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (error) {
    throw new CliError(1, `invalid platform: ${messageOf(error)}`, { cause: error });
  }
}
