import * as z from 'zod/mini';
import type { CheckReport, StoreCheck } from '../../../store/index.ts';
import { queryBool } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

export interface CheckDeps {
  readonly check: StoreCheck;
}

/**
 * POST /gantry/system/check: sends progress in the form of pulls, then one line whose `aux` is the report. `repair=1`
 * repairs problems that need no decision of a person.
 */
export const checkStore = defineRoute({
  method: 'POST',
  path: '/gantry/system/check',
  query: z.object({ repair: queryBool() }),
  handle: async ({ query }, { check }: CheckDeps) => ({
    status: 200,
    async progress(send, signal) {
      const onProgress = (current: number, total: number): void =>
        send({ id: 'content', status: 'Verifying', progressDetail: { current, total } });
      const report = await check.run({ repair: query.repair }, onProgress, signal);
      send({ aux: reportBody(report) });
    },
  }),
});

function reportBody({ findings, ...counts }: CheckReport): object {
  return {
    Sound: findings.every(({ remains }) => !remains),
    Checked: {
      Blobs: counts.blobs,
      Bytes: counts.bytes,
      Images: counts.images,
      Layers: counts.layers,
      Containers: counts.containers,
      Volumes: counts.volumes,
    },
    Findings: findings.map(({ kind, subject, problem, advice, repaired, remains }) => ({
      Kind: kind,
      Subject: subject,
      Problem: problem,
      Advice: advice,
      ...(repaired === undefined ? {} : { Repaired: repaired }),
      Remains: remains,
    })),
  };
}
