import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianBase } from './debian-base.ts';
import type { TestEngine } from './engine.ts';

/** Builds an image with a small Debian that can install packages. */
export async function buildDebianImage(engine: TestEngine, tag: string): Promise<void> {
  const { archive, sources } = await debianBase();
  const context = mkdtempSync(join(tmpdir(), 'gantry-debian-'));
  const files = {
    Dockerfile:
      'FROM scratch\nADD rootfs.tar /\nCOPY sources.list /etc/apt/\nCOPY 99test /etc/apt/apt.conf.d/\nCMD ["bash"]\n',
    'sources.list': sources,
    // The machine's clock may be ahead of the repository's.
    '99test': 'Acquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\n',
  };
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(context, name), text);
    cpSync(archive, join(context, 'rootfs.tar'));
    await engine.ok('gantry', ['build', '-t', tag, context], { timeoutMs: 1_200_000 });
  } finally {
    rmSync(context, { recursive: true });
  }
}

/** The beginning of a RUN that installs packages, whose names follow. Downloads are kept between builds. */
export const APT_INSTALL = `--mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \\
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends`;
