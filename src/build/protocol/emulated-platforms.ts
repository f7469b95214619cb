import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { normalisePlatform, type Platform } from '../../spec/index.ts';

const BINFMT = '/proc/sys/fs/binfmt_misc';
const ELF = '7f454c46';
/** Places in the header of an ELF program. */
const [CLASS, ORDER, MACHINE] = [4, 5, 18];
/** Architectures by class, order of bytes (1 is little) and machine (elf(5)). */
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  '32 little 3': ['386'],
  '32 little 40': ['arm/v7', 'arm/v6'],
  '64 little 8': ['mips64le'],
  '64 big 8': ['mips64'],
  '64 little 21': ['ppc64le'],
  '64 big 22': ['s390x'],
  '64 little 62': ['amd64'],
  '64 little 183': ['arm64'],
  '64 little 243': ['riscv64'],
  '64 little 258': ['loong64'],
};

/**
 * Platforms whose programs the kernel hands to an interpreter, in the order of the handlers' names. A handler is known by the header
 * that it stands for, since its name may be any: `qemu-aarch64`, `rosetta`.
 */
export function emulatedPlatforms(folder: string = BINFMT): readonly Platform[] {
  const found = entriesOf(folder).flatMap((name) => ARCHITECTURES[kindOf(textOf(join(folder, name)))] ?? []);
  return [...new Set(found)].map((text) => {
    const [architecture = '', variant] = text.split('/');
    return normalisePlatform({ os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) });
  });
}

/** What a handler that is enabled stands for, as {@link ARCHITECTURES} has it. Empty for scripts and the like. */
function kindOf(handler: string): string {
  const [, hex = ''] = /^magic ([\da-f]+)$/m.exec(handler) ?? [];
  const magic = Buffer.from(hex, 'hex');
  const isElf = handler.startsWith('enabled\n') && /^offset 0$/m.test(handler) && hex.startsWith(ELF);
  if (!isElf || magic.length < MACHINE + 2) return '';
  const isBig = magic[ORDER] === 2;
  const machine = isBig ? magic.readUInt16BE(MACHINE) : magic.readUInt16LE(MACHINE);
  return `${magic[CLASS] === 2 ? 64 : 32} ${isBig ? 'big' : 'little'} ${machine}`;
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

/** Empty for what cannot be read, such as `register`. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
