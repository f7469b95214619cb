import { invalid } from '../../base/errors.ts';
import { ownValue } from '../../base/own-value.ts';
import type { LogConfig } from '../../spec/index.ts';

const DRIVERS: ReadonlySet<string> = new Set(['json-file', 'local', 'none']);
const COMMON = ['mode', 'max-buffer-size'];
const OPTIONS: Readonly<Record<string, ReadonlySet<string>>> = {
  'json-file': new Set(['max-file', 'max-size', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag']),
  local: new Set(['max-file', 'max-size', 'compress']),
};

/** Checks the log driver and its options. @throws EngineError invalid with dockerd's texts */
export function checkLogConfig({ Type: given = '', Config: options }: LogConfig): void {
  const type = given === '' ? 'json-file' : given;
  if (!DRIVERS.has(type))
    throw invalid(`error looking up logging plugin ${type}: plugin ${JSON.stringify(type)} not found`);
  if (type === 'none' || options == null) return;
  const { mode = '', 'max-buffer-size': buffer } = options;
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  if (buffer !== undefined && mode !== 'non-blocking') {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  for (const name of Object.keys(options)) {
    if (COMMON.includes(name) || ownValue(OPTIONS, type)?.has(name) === true) continue;
    const driver = type === 'local' ? 'log driver local' : `${type} log driver`;
    throw invalid(`unknown log opt '${name}' for ${driver}`);
  }
}
