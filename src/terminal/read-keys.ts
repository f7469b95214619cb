/**
 * Passes each key of the terminal on standard input on, without echo. Keys make no signals then: Ctrl-C is `\x03`. Disposing restores the
 * terminal; so does an exit.
 */
export function readKeys(onKey: (key: string) => void): Disposable {
  const input = process.stdin;
  if (!input.isTTY) return { [Symbol.dispose]() {} };
  const take = (chunk: Buffer): void => {
    for (const key of chunk.toString()) onKey(key);
  };
  const restore = (): void => {
    input.off('data', take).setRawMode(false);
    input.pause();
    process.off('exit', restore);
  };
  input.setRawMode(true);
  input.on('data', take).resume();
  process.on('exit', restore);
  return { [Symbol.dispose]: restore };
}
