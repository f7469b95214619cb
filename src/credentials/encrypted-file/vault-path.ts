import { homedir } from 'node:os';

/** The folder of the encrypted file (XDG base directory specification). */
export function vaultFolder(env: Readonly<Record<string, string | undefined>>): string {
  return `${env['XDG_DATA_HOME'] || `${env['HOME'] || homedir()}/.local/share`}/gantry`;
}

export const VAULT_NAME = 'credentials.json';
