import { invalid } from '../../../base/errors.ts';

/** A change of permission bits, from those of a file. */
export type ModeChange = (mode: number, isDirectory: boolean) => number;

const CLAUSE = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/;
const STEP = /([-+=])([rwxXstugo]*)/g;

/** Undefined for a mode that is not octal. */
export function octalMode(text: string): number | undefined {
  const mode = /^[0-7]{1,5}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  return mode <= 0o7777 ? mode : undefined;
}

/**
 * Parses a mode as chmod(1) takes it: octal, or symbolic clauses such as `u=rwX,go-w`. Without `u`, `g`, `o` a clause is
 * for all three. @throws EngineError invalid
 */
export function parseModeChange(text: string): ModeChange {
  const octal = octalMode(text);
  if (octal !== undefined) return () => octal;
  const clauses = text.split(',').map((clause) => parseClause(clause, text));
  return (mode, isDirectory) => clauses.reduce((bits, change) => change(bits, isDirectory), mode);
}

function parseClause(clause: string, text: string): ModeChange {
  const [, who = '', steps] = CLAUSE.exec(clause) ?? [];
  if (steps === undefined) throw invalid(`invalid mode "${text}"`);
  const classes = who === '' || who.includes('a') ? 'ugo' : who;
  const changes = [...steps.matchAll(STEP)].map(([, operator = '', permissions = '']): ModeChange => {
    return (mode, isDirectory) => {
      let result = mode;
      const given = bitsOf(permissions, { mode, isDirectory, classes });
      const affected = affectedBy(classes);
      if (operator === '=') result = (mode & ~affected) | given;
      else result = operator === '+' ? mode | given : mode & ~given;
      return result;
    };
  });
  return (mode, isDirectory) => changes.reduce((bits, change) => change(bits, isDirectory), mode);
}

const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
const SPECIAL: Readonly<Record<string, number>> = { u: 0o4000, g: 0o2000, o: 0 };

/** The bits that `=` replaces. The sticky bit belongs to all. */
function affectedBy(classes: string): number {
  const bits = [...classes].reduce((sum, name) => sum | (7 << (SHIFT[name] ?? 0)) | (SPECIAL[name] ?? 0), 0);
  return classes.length === 3 ? bits | 0o1000 : bits;
}

function bitsOf(
  permissions: string,
  { mode, isDirectory, classes }: { readonly mode: number; readonly isDirectory: boolean; readonly classes: string },
): number {
  let bits = 0;
  for (const permission of permissions) {
    if (permission === 't') bits |= 0o1000;
    for (const name of classes) {
      const special = permission === 's' ? (SPECIAL[name] ?? 0) : 0;
      bits |= (triple(permission, mode, isDirectory) << (SHIFT[name] ?? 0)) | special;
    }
  }
  return bits;
}

function triple(permission: string, mode: number, isDirectory: boolean): number {
  switch (permission) {
    case 'r':
      return 4;
    case 'w':
      return 2;
    case 'x':
      return 1;
    case 'X':
      return isDirectory || (mode & 0o111) !== 0 ? 1 : 0;
    case 'u':
    case 'g':
    case 'o':
      return (mode >> (SHIFT[permission] ?? 0)) & 7;
    default:
      return 0;
  }
}
