import { invalid } from '../../base/errors.ts';
import { parseBytes } from '../../base/sizes.ts';
import { OPTION_SPECS, type OptionName, type OptionSpec, type OptionValue, type OptionValues } from './options.ts';

const BY_FLAG = new Map(OPTION_SPECS.map((option) => [option.flag as string, option]));
const BY_SHORT = new Map(
  OPTION_SPECS.flatMap((option) => (option.short === undefined ? [] : [[option.short, option]])),
);

/**
 * Reads a command line as dockerd does: `--flag value`, `--flag=value`, `-f value`; a bool takes its value after `=`
 * only. @throws EngineError invalid
 */
export function parseFlags(args: readonly string[]): OptionValues {
  const values: Partial<Record<OptionName, OptionValue>> = {};
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    const match = /^(?:--([^=]+)|-([^-=]))(?:=([\s\S]*))?$/.exec(arg);
    if (match === null) {
      throw invalid(arg.startsWith('-') ? `unknown flag: ${arg}` : `"gantryd" accepts no arguments: ${arg}`);
    }
    const option = match[1] === undefined ? BY_SHORT.get(match[2] ?? '') : BY_FLAG.get(match[1]);
    if (option === undefined) {
      throw invalid(
        match[1] === undefined ? `unknown shorthand flag: '${match[2]}' in ${arg}` : `unknown flag: --${match[1]}`,
      );
    }
    let text = match[3];
    if (text === undefined && option.kind === 'bool') text = 'true';
    if (text === undefined) {
      index += 1;
      text = args[index];
    }
    if (text === undefined) throw invalid(`flag needs an argument: --${option.flag}`);
    values[option.flag] = add(option, values[option.flag], text);
  }
  return values;
}

function add(option: OptionSpec, before: OptionValue | undefined, text: string): OptionValue {
  switch (option.kind) {
    case 'bool':
      if (/^(?:1|t|true)$/i.test(text)) return true;
      if (/^(?:0|f|false)$/i.test(text)) return false;
      throw bad(option, text, 'not a boolean');
    case 'int':
      if (!/^-?\d{1,10}$/.test(text)) throw bad(option, text, 'not an integer');
      return Number(text);
    case 'bytes': {
      const bytes = parseBytes(text);
      if (bytes === undefined) throw bad(option, text, 'not a size');
      return bytes;
    }
    case 'list':
      return [...((before as readonly string[] | undefined) ?? []), text];
    case 'map': {
      const equals = text.indexOf('=');
      if (equals < 1) throw bad(option, text, `must be ${option.value ?? 'KEY=VALUE'}`);
      return { ...(before as Readonly<Record<string, string>>), [text.slice(0, equals)]: text.slice(equals + 1) };
    }
    default:
      return text;
  }
}

function bad(option: OptionSpec, text: string, why: string): Error {
  return invalid(`invalid argument ${JSON.stringify(text)} for "--${option.flag}" flag: ${why}`);
}
