import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchRepository } from './fetch-repository.ts';

test('a message does not have the login of an address', async () => {
  const place = { cache: { folder: '/nowhere', removeTree: () => {} }, env: { PATH: process.env['PATH'] } };
  for (const login of ['me:s3cret', 's3cret', 'a@b:s3cret'])
    for (const rest of ['127.0.0.1:1/x.git', 'h/x.git#:../y', 'h/x.git#a..b', '127.0.0.1:1/x.git#no:z'])
      await assert.rejects(
        fetchRepository(place, `https://${login}@${rest}`, AbortSignal.timeout(20_000)),
        ({ message }: Error) => !message.includes('s3cret') && message.length > 0,
      );
});
