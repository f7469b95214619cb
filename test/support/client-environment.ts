import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dropUserKey } from '../../src/linux/index.ts';

const BIN = fileURLToPath(new URL('../../bin', import.meta.url));

/**
 * Of a user who has the folder alone: its configuration and logins. No desktop, no terminal that somebody sits at; our credential
 * helper is on PATH.
 */
export function clientEnvironment(folder: string): Record<string, string> {
  return {
    DOCKER_CONFIG: `${folder}/client`,
    XDG_DATA_HOME: `${folder}/client-data`,
    XDG_RUNTIME_DIR: `${folder}/client-runtime`,
    DBUS_SESSION_BUS_ADDRESS: '',
    PASSWORD_STORE_DIR: `${folder}/password-store`,
    CI: '1',
    PATH: `${process.env['PATH'] ?? ''}:${BIN}`,
  };
}

/** Takes the key of logins that were kept without a passphrase out of the kernel. */
export function forgetLogins(folder: string): void {
  const path = `${folder}/client-data/gantry/credentials.json`;
  if (!existsSync(path)) return;
  const { key } = JSON.parse(readFileSync(path, 'utf8')) as { readonly key: { readonly id: string } };
  dropUserKey(`gantry:credentials:${key.id}`);
}
