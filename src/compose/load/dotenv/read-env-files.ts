import { EngineError, messageOf } from '../../../base/errors.ts';
import type { Environment, Loading } from '../world.ts';
import { DotenvError, parseDotenv } from './parse-dotenv.ts';
import { parseRaw } from './parse-raw.ts';

type World = Pick<Loading, 'files' | 'warn'>;

/** Reads files of variables one after another; later ones win. Their texts may use variables of `environment`. @throws EngineError */
export function readEnvFiles(world: World, paths: readonly string[], environment: Environment): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of paths) {
    const kind = world.files.kindOf(path);
    if (kind === undefined) throw new EngineError('invalid', `couldn't find env file: ${path}`);
    if (kind === 'folder') throw new EngineError('invalid', `${path} is a directory`);
    parseInto(world, { path, format: 'dotenv' }, { into: found, lookup: (name) => environment.get(name) });
  }
  return found;
}

/** Adds a file's variables to others. `lookup` has precedence over them in its texts. @throws EngineError with file and line */
export function parseInto(
  world: World,
  { path, format }: { path: string; format: string },
  { into, lookup }: { into: Map<string, string>; lookup: (name: string) => string | undefined },
): void {
  if (format !== '' && format !== 'dotenv' && format !== 'raw')
    throw new EngineError('invalid', `unsupported env_file format ${JSON.stringify(format)}`);
  const parse = format === 'raw' ? parseRaw : parseDotenv;
  const text = world.files.read(path);
  try {
    parse(text, into, { get: lookup, warn: world.warn });
  } catch (error) {
    const line = error instanceof DotenvError ? `:${error.line}` : '';
    throw new EngineError('invalid', `failed to read ${path}${line}: ${messageOf(error)}`, { cause: error });
  }
}
