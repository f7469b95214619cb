import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { useEngine } from '../support/fixture.ts';

// `gantry build --debug` in a terminal, which `script` makes.
const engine = useEngine();
const GANTRY = fileURLToPath(new URL('../../bin/gantry', import.meta.url));

test('a shell opens in the state before the step that failed', async () => {
  const dockerfile = 'FROM busybox\\nENV A=b\\nRUN echo half > /half; exit 9\\n';
  const context = `d=$(mktemp -d); printf '${dockerfile}' > $d/Dockerfile`;
  const line = `${context}; ${GANTRY} build --debug --progress=plain $d; echo code=$?; rm -r $d`;
  const env = { ...process.env, DOCKER_HOST: `unix://${engine().socketPath}` };
  const child = spawn('script', ['-qec', line, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    if (!text.includes('/ #') && `${text}${bytes}`.includes('/ #')) child.stdin.write('ls /half; echo A=$A\nexit\n');
    text += bytes.toString();
  });
  await once(child, 'close');
  assert.match(text, /\/half: No such file or directory/);
  assert.match(text, /^A=b/m);
  assert.match(text, /did not complete successfully: exit code: 9/);
  assert.match(text, /code=1/);
});
