import type { Sandbox } from '../networks.ts';

/**
 * A sandbox after its container was renamed: its networks know the new name, and no longer the old one, which was the
 * first.
 */
export function renamed(sandbox: Sandbox, containerName: string): Sandbox {
  const endpoints = Object.entries(sandbox.endpoints).map(([network, settings]) => {
    const { DNSNames, Aliases } = settings;
    if (DNSNames == null || DNSNames[0] === containerName) return [network, settings] as const;
    const [before = '', ...others] = DNSNames;
    const kept = Aliases?.includes(before) === true ? DNSNames : others;
    return [network, { ...settings, DNSNames: [...new Set([containerName, ...kept])] }] as const;
  });
  return { ...sandbox, endpoints: Object.fromEntries(endpoints) };
}
