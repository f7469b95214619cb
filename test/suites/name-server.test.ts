import { after, before } from 'node:test';
import { fakeNameServer } from '../../src/network/testing/fake-name-server.ts';
import { TaskHost } from '../support/task-host.ts';
import { nameServerSuite } from './name-server.suite.ts';

let host: TaskHost;
before(async () => {
  host = await TaskHost.open();
});
after(async () => {
  await host[Symbol.asyncDispose]();
});

nameServerSuite('name server of the supervisor', () => host.runtime.nameServer);
const fake = fakeNameServer();
nameServerSuite('fake name server', () => fake);
