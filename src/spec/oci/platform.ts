import { invalid } from '../../base/errors.ts';
import { ownValue } from '../../base/own-value.ts';
import type { Platform } from './image.ts';

const ARCHITECTURES: Readonly<Record<string, readonly [string, string?]>> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  i386: ['386'],
  i686: ['386'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};
const NODE_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };
const PART = /^[A-Za-z0-9_-]+$/;
/** Systems and architectures that Go knows. They decide the meaning of a single word (containerd's platforms.Parse). */
const KNOWN_SYSTEMS: ReadonlySet<string> = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);
const KNOWN_ARCHITECTURES: ReadonlySet<string> = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 ppc64le ' +
    'riscv riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
);

/** The machine's own platform, in Go's names. */
export function hostPlatform(): Platform {
  return normalisePlatform({ os: 'linux', architecture: NODE_ARCHITECTURES[process.arch] ?? process.arch });
}

/** Parses `linux/arm64/v8`, `arm64` or `linux`, as given to `--platform`. @throws EngineError invalid */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  const [first = '', architecture, variant] = parts;
  if (parts.length > 3 || parts.some((part) => !PART.test(part))) {
    throw invalid(`${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`);
  }
  if (architecture !== undefined) {
    return normalisePlatform({ os: first, architecture, ...(variant === undefined ? {} : { variant }) });
  }
  if (KNOWN_SYSTEMS.has(first)) return { ...hostPlatform(), os: first };
  const single = normalisePlatform({ os: hostPlatform().os, architecture: first });
  if (KNOWN_ARCHITECTURES.has(single.architecture)) return single;
  throw invalid(`${JSON.stringify(text)}: unknown operating system or architecture: invalid argument`);
}

/** Go's names, without a variant that is an architecture's only one (containerd's rules). */
export function normalisePlatform(platform: Platform): Platform {
  const [architecture, implied] = ownValue(ARCHITECTURES, platform.architecture.toLowerCase()) ?? [
    platform.architecture,
  ];
  const { variant: given, ...rest } = platform;
  const variant = variantOf(architecture, given || implied);
  return { ...rest, architecture, ...(variant === undefined ? {} : { variant }) };
}

function variantOf(architecture: string, variant: string | undefined): string | undefined {
  const numbered = variant !== undefined && /^\d+$/.test(variant) ? `v${variant}` : variant;
  if (architecture === 'arm64' && numbered === 'v8') return undefined;
  if (architecture === 'amd64' && numbered === 'v1') return undefined;
  if (architecture === 'arm') return numbered ?? 'v7';
  return numbered;
}

/** How well `offered` serves a request for `wanted`. Higher is better; undefined is not at all. */
export function platformRank(wanted: Platform, offered: Platform): number | undefined {
  const want = normalisePlatform(wanted);
  const have = normalisePlatform(offered);
  if (want.os !== have.os || want.architecture !== have.architecture) return undefined;
  if (want.variant === have.variant) return 100;
  // A later arm runs code of an earlier one, and so do amd64 levels. A missing level is the first.
  const level = (variant: string | undefined): number =>
    Number(variant?.slice(1) ?? (want.architecture === 'arm64' ? 8 : 1));
  const [wantLevel, haveLevel] = [level(want.variant), level(have.variant)];
  return haveLevel <= wantLevel ? haveLevel : undefined;
}

/**
 * The platforms that a machine of this platform runs: its own first, then 32-bit programs (containerd, platforms.Only).
 */
export function runnablePlatforms(platform: Platform): readonly Platform[] {
  const own = normalisePlatform(platform);
  if (own.architecture === 'arm64') return [own, { os: own.os, architecture: 'arm', variant: 'v8' }];
  if (own.architecture === 'amd64') return [own, { os: own.os, architecture: '386' }];
  return [own];
}

/** `linux/arm64/v8`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}
