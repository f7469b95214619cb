import { invalid } from '../../base/errors.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Parses `5000`, `:5000` (every address), `127.0.0.1:5000`, `[::1]:5000`. @throws EngineError invalid */
export function parseListen(text = '127.0.0.1:5000'): ListenAddress {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw invalid(`${JSON.stringify(text)} is not an address to listen on: ADDRESS:PORT`);
  const host = match[1] ?? match[2] ?? '127.0.0.1';
  return { host: host === '' ? '::' : host, port };
}
