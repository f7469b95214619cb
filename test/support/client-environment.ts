import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dropUserKey } from '../../src/linux/index.ts';

const BIN = fileURLToPath(new URL('../../bin', import.meta.url));

/**
 * The environment of a user who has only this folder, for configuration and logins. There is no desktop and no terminal
 * with a user; our credential helper is on PATH.
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

/** Removes the key of logins without a passphrase from the kernel. */
export function forgetLogins(folder: string): void {
  const path = `${folder}/client-data/gantry/credentials.json`;
  if (!existsSync(path)) return;
  const { key } = JSON.parse(readFileSync(path, 'utf8')) as { readonly key: { readonly id: string } };
  dropUserKey(`gantry:credentials:${key.id}`);
}
