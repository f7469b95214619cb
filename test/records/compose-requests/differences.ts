/** Where `gantry compose up` sends other requests than docker compose 2.40, on purpose. An entry that is no longer a difference fails. */
export interface RequestDifference {
  readonly project: string;
  readonly why: string;
  /** Lines that only docker compose has, and that only gantry has. */
  readonly theirs: readonly string[];
  readonly ours: readonly string[];
}

export const DIFFERENCES: readonly RequestDifference[] = [
  {
    project: 'networks-and-volumes: networks',
    why: 'docker compose writes fixed addresses also into fields that only answers of the engine have',
    theirs: ['"IPAddress": "10.84.1.10",', '"IPv6Gateway": "fd84:1::11"'],
    ours: [],
  },
  {
    project: 'networks-and-volumes: volumes of others',
    why: 'docker compose drops the modes of volumes_from',
    theirs: ['"<networks-and-volumes-volumes-of-others-ro-1>",', '"other"'],
    ours: ['"<networks-and-volumes-volumes-of-others-ro-1>:ro",', '"other:rw"'],
  },
  {
    project: 'networks-and-volumes: hooks',
    why: 'gantry reads what hooks write until they end; docker compose asks again and again whether they have ended',
    theirs: [],
    ours: Array<readonly string[]>(3).fill(['"AttachStderr": true,', '"AttachStdout": true,']).flat(),
  },
  {
    project: 'resources: processor and memory',
    why: 'docker compose drops a mem_swappiness of 0',
    theirs: [],
    ours: ['"MemorySwappiness": 0,'],
  },
];

/** Projects that Gantry refuses, with the text of the error. docker compose fails too, or ignores the key in silence. */
export const REFUSED: Readonly<Record<string, RegExp>> = {
  'elsewhere: a provider': /service "db": its provider was not found/,
  'elsewhere: models': /'models' support requires Docker Model plugin/,
};
