import { invalid, messageOf } from '../../base/errors.ts';
import { type FlagShape, scanFlags } from '../../base/scan-flags.ts';
import { parseBytes } from '../../base/sizes.ts';
import { OPTION_SPECS, type OptionName, type OptionSpec, type OptionValue, type OptionValues } from './options.ts';

const SHAPES: readonly (FlagShape & { readonly option: (typeof OPTION_SPECS)[number] })[] = OPTION_SPECS.map(
  (option) => ({
    name: option.flag,
    ...(option.short === undefined ? {} : { short: option.short }),
    isBool: option.kind === 'bool',
    option,
  }),
);

/** Parses a command line as dockerd does. @throws EngineError invalid */
export function parseFlags(args: readonly string[]): OptionValues {
  const values: Partial<Record<OptionName, OptionValue>> = {};
  const assign = ({ option }: (typeof SHAPES)[number], text: string): void => {
    values[option.flag] = add(option, values[option.flag], text);
  };
  let rest: readonly string[];
  try {
    rest = scanFlags(SHAPES, args, { interspersed: true, assign });
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
  if (rest.length > 0) throw invalid(`"gantryd" accepts no arguments: ${rest.join(' ')}`);
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
