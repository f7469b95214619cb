import type { DatabaseSync } from 'node:sqlite';

/**
 * Schema 2: a network's record had one `subnet` and `gateway`, and no flags. It now has pools of addresses, scope and
 * flags.
 */
export function networkPools(db: DatabaseSync): void {
  const isThere = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'networks'").get();
  if (isThere === undefined) return;
  const put = db.prepare('UPDATE networks SET record = ? WHERE key = ?');
  for (const { key, record } of db.prepare('SELECT key, record FROM networks').all()) {
    put.run(JSON.stringify(withPools(JSON.parse(String(record)) as OldNetwork)), String(key));
  }
}

interface OldNetwork {
  readonly subnet?: string;
  readonly gateway?: string;
}

function withPools({ subnet, gateway, ...record }: OldNetwork): object {
  const pools = subnet === undefined ? [] : [{ subnet, ...(gateway === undefined ? {} : { gateway }) }];
  return {
    ...record,
    ...{ scope: 'local', enableIpv4: true, enableIpv6: false, internal: false, attachable: false, ingress: false },
    ...{ configOnly: false, configFrom: '', ipam: { driver: 'default', options: null, pools } },
  };
}
