import type { Sandbox } from '../networks.ts';

/** A sandbox after its container was renamed: its networks know the new name, and no longer the old one. */
export function renamed(sandbox: Sandbox, before: string, after: string): Sandbox {
  const endpoints = Object.entries(sandbox.endpoints).map(([network, settings]) => {
    const { DNSNames, Aliases } = settings;
    if (DNSNames == null) return [network, settings] as const;
    const others = DNSNames.filter((name) => name !== before || Aliases?.includes(name) === true);
    return [network, { ...settings, DNSNames: [...new Set([after, ...others])] }] as const;
  });
  return { ...sandbox, endpoints: Object.fromEntries(endpoints) };
}
