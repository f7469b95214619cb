/**
 * A file name of Linux: any bytes but NUL, one character per byte (Latin-1). Names need not be UTF-8, so that a
 * JavaScript string in UTF-16 cannot represent all of them, and two different names must never become one.
 */
export type BytePath = string & { readonly __brand: 'BytePath' };

// biome-ignore lint/suspicious/noControlCharactersInRegex: every ASCII character, control characters included.
const ASCII = /^[\x00-\x7f]*$/;

/** The form for Node's fs functions: a plain string in the usual case, else the bytes. */
export function sysPath(path: BytePath): string | Buffer {
  return ASCII.test(path) ? path : Buffer.from(path, 'latin1');
}

export function toBytePath(text: string): BytePath {
  return (ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')) as BytePath;
}

/** The name as UTF-8, for messages. */
export function showPath(path: string): string {
  return ASCII.test(path) ? path : Buffer.from(path, 'latin1').toString('utf8');
}

/** The bytes with their terminating zero, for system calls through koffi. */
export function cPath(path: string | Buffer): Buffer {
  const bytes = typeof path === 'string' ? Buffer.from(path, 'utf8') : path;
  if (bytes.includes(0)) throw new TypeError('a path holds a NUL byte');
  return Buffer.concat([bytes, Buffer.of(0)]);
}
