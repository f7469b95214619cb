// A test session that never cleans up: a network, a container with a volume. Prints what it made as JSON, and waits for its end.
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { GenericContainer, Network } from 'testcontainers';

const SESSION = 'org.testcontainers.session-id';

const network = await new Network().start();
const container = await new GenericContainer('busybox:latest')
  .withCommand(['sleep', '1000'])
  .withNetwork(network)
  .withNetworkAliases('member')
  .withAutoRemove(false)
  .start();
const docker = new Docker();
const { Config } = await docker.getContainer(container.getId()).inspect();
const sessionId = Config.Labels[SESSION] ?? '';
const volume = `volume-${sessionId}`;
await docker.createVolume({ Name: volume, Labels: { [SESSION]: sessionId } });
console.log(JSON.stringify({ sessionId, network: network.getName(), container: container.getId(), volume }));
await text(process.stdin);
