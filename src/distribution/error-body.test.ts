import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseErrorBody } from './error-body.ts';
import { RegistryError } from './errors.ts';

/** The messages of dockerd 28.5 for these responses of a token server, after the request that they name. */
const RECORDED: readonly (readonly [status: number, body: string, message: string])[] = [
  [
    401,
    '{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}',
    'unauthorized: incorrect username or password',
  ],
  [401, '{"details":"incorrect username or password"}', 'unauthorized: incorrect username or password'],
  [401, 'go away please', 'unauthorized: go away please'],
  [401, '{}', 'unauthorized: authentication required'],
  [403, '{"errors":[{"code":"DENIED","message":"your plan ended"}]}', 'denied: your plan ended'],
  [403, 'forbidden by admin', 'denied: forbidden by admin'],
  [404, 'no such page', 'unknown: no such page'],
  [429, '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}', 'toomanyrequests: slow down'],
  [429, 'slow down', 'toomanyrequests: slow down'],
];

/** Responses for which dockerd shows no words, or raw JSON. */
const OURS: typeof RECORDED = [
  [401, '{"message":"bad credentials here"}', 'unauthorized: bad credentials here'],
  [401, '', 'unauthorized: authentication required'],
  [400, '{"error":"invalid_grant","error_description":"the token is old"}', 'unknown: the token is old'],
  [500, 'oops', 'x: received unexpected HTTP status: 500 Internal Server Error: oops'],
  [503, '', 'x: received unexpected HTTP status: 503 Service Unavailable'],
  [
    500,
    '{"errors":[{"code":"UNKNOWN","message":"database gone"}]}',
    'x: received unexpected HTTP status: 500 Internal Server Error: database gone',
  ],
  [
    502,
    '<html><head><title>502 Bad Gateway</title></head></html>',
    'x: received unexpected HTTP status: 502 Bad Gateway: 502 Bad Gateway',
  ],
  [418, '<html>no title</html>', "x: received unexpected HTTP status: 418 I'm a Teapot"],
];

test('an error keeps the words of the server', () => {
  for (const [status, body, message] of [...RECORDED, ...OURS]) {
    assert.equal(new RegistryError(status, parseErrorBody(status, body), 'x').message, message, body);
  }
});

test('words are short and cannot move the cursor', () => {
  const [entry] = parseErrorBody(401, `\u001b[2J${'x'.repeat(2_000_000)}\n`);
  assert.equal(entry?.message, `[2J${'x'.repeat(496)}`);
  assert.deepEqual(parseErrorBody(401, '{"errors":[{"code":"A\\u0007B","message":"c\\nd"}]}'), [
    { code: 'A B', message: 'c d' },
  ]);
  for (const body of ['null', '[]', '"text"', '{"errors":{}}', '{"errors":[1,{"code":2}]}'])
    assert.ok(parseErrorBody(404, body).length <= 1, body);
});
