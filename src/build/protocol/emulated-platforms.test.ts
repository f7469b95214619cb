import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { emulatedPlatforms } from './emulated-platforms.ts';

const handler = (magic: string, more: { readonly state?: string; readonly offset?: number } = {}): string =>
  `${more.state ?? 'enabled'}\ninterpreter /usr/bin/emulator\nflags: F\noffset ${more.offset ?? 0}\nmagic ${magic}\nmask ff\n`;

const HANDLERS: Readonly<Record<string, string>> = {
  register: '',
  status: 'enabled\n',
  'a-disabled': handler('7f454c460201010000000000000000000200f300', { state: 'disabled' }),
  'b-script': handler('2321'),
  'c-elsewhere': handler('7f454c460201010000000000000000000200f300', { offset: 4 }),
  'd-short': handler('7f454c46'),
  'e-unknown': handler('7f454c460201010000000000000000000200ffff'),
  'f-extension': 'enabled\ninterpreter /usr/bin/wine\nflags: \nextension .exe\n',
  'qemu-aarch64': handler('7f454c460201010000000000000000000200b700'),
  'qemu-arm': handler('7f454c4601010100000000000000000002002800'),
  'qemu-s390x': handler('7f454c4602020100000000000000000000020016'),
  rosetta: handler('7f454c4602010100000000000000000002003e00'),
  'rosetta-again': handler('7f454c4602010100000000000000000002003e00'),
};

test('handlers of programs are known by the header that they stand for', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-binfmt-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(HANDLERS)) writeFileSync(join(folder, name), text);
  assert.deepEqual(
    emulatedPlatforms(folder).map(({ architecture, variant }) => [architecture, variant].filter(Boolean).join('/')),
    ['arm64', 'arm/v7', 'arm/v6', 's390x', 'amd64'],
  );
  assert.deepEqual(emulatedPlatforms(join(folder, 'none')), []);
});
