import { CliError } from '../errors.ts';

/** `linux/arm64/v8` as the JSON that the API's `platform` parameters take; undefined for ''. @throws CliError */
export function platformQuery(text: string): string | undefined {
  if (text === '') return undefined;
  const [os = '', architecture, variant, ...more] = text.split('/');
  if (more.length > 0 || !/^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+){0,2}$/.test(text)) {
    throw new CliError(1, `invalid platform: ${JSON.stringify(text)} is not os[/arch[/variant]]`);
  }
  return JSON.stringify({
    os,
    ...(architecture === undefined ? {} : { architecture }),
    ...(variant === undefined ? {} : { variant }),
  });
}
