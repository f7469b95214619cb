import assert from 'node:assert/strict';
import { eventually } from '../../support/fixture.ts';
import { hijack } from '../../support/hijack.ts';
import type { Row } from '../row.ts';

const ATTACH = 'attach?stream=1&stdin=1&stdout=1&stderr=1';

/** At once where the container reads on; else its policy starts it anew in a moment, and the first clients may still meet the end of the lost run. */
const sooner = (isAtOnce: boolean, work: () => Promise<void>): Promise<void> => (isAtOnce ? work() : eventually(work));

/** An attached client stays attached where connections survive, and a new one reaches stdin, stdout and stderr. */
export const attach: Row = {
  name: 'attach',
  options: () => ['-i'],
  command: ['sh', '-c', 'while read line; do echo "got $line"; echo "err $line" >&2; done'],
  async before({ engine, id }) {
    const path = `/containers/${id}/${ATTACH}`;
    const first = await hijack(engine.socketPath, path, { tty: false });
    first.send('one\n');
    await first.until(/got one\n(.*\n)*err one\n|err one\n(.*\n)*got one\n/);
    return async ({ clientsLive, inputsLive }) => {
      using before = first;
      if (clientsLive) {
        before.send('two\n');
        await before.until(/got two\n/);
      } else {
        await before.ended;
      }
      await sooner(inputsLive, async () => {
        using again = await hijack(engine.socketPath, path, { tty: false });
        again.send('three\n');
        await again.until(/got three\n/);
        await again.until(/err three\n/);
        assert.doesNotMatch(again.received(), /two|one/, 'a new client sees what comes from now on');
      });
      if (clientsLive) await before.until(/got three\n/);
    };
  },
};

/** A shell on a terminal survives, with its size. */
export const terminal: Row = {
  name: 'terminal',
  options: () => ['-it'],
  command: ['sh'],
  async before({ engine, id }) {
    const path = `/containers/${id}/${ATTACH}`;
    await engine.api('POST', `/containers/${id}/resize?h=33&w=99`);
    {
      using shell = await hijack(engine.socketPath, path, { tty: true });
      shell.send('kept=$((40 + 2)); stty size\n');
      await shell.until(/33 99/);
    }
    return async ({ inputsLive }) => {
      await sooner(inputsLive, async () => {
        using shell = await hijack(engine.socketPath, path, { tty: true });
        shell.send('echo "[$kept]"\n');
        await shell.until(inputsLive ? /\[42\]/ : /\[\]/);
      });
      if (!inputsLive) return;
      using shell = await hijack(engine.socketPath, path, { tty: true });
      shell.send('stty size\n');
      await shell.until(/33 99/);
      await engine.api('POST', `/containers/${id}/resize?h=22&w=88`);
      shell.send('stty size\n');
      await shell.until(/22 88/);
    };
  },
};
