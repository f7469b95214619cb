// Runs inside a sandbox of a test: `serve NAME tcp:PORT udp:PORT …` answers with NAME and who asks; then `ready`.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** A socket for both families has IPv4 addresses in the form ::ffff:192.0.2.1. */
const plain = (address) => address.replace('::ffff:', '');
const [name, ...ports] = process.argv.slice(2);
const listening = ports.map((spec) => {
  const [protocol, port] = spec.split(':');
  return new Promise((resolve) => {
    if (protocol === 'udp') {
      const socket = createSocket('udp6', (bytes, from) =>
        socket.send(`${name} ${plain(from.address)} ${bytes}`, from.port, from.address),
      );
      socket.bind(Number(port), resolve);
    } else {
      createServer({ allowHalfOpen: true }, (client) => {
        let asked = '';
        client.setEncoding('utf8');
        client.on('error', () => client.destroy());
        client.on('data', (text) => (asked += text));
        client.on('end', () => client.end(`${name} ${plain(client.remoteAddress)} ${asked}`));
      }).listen(Number(port), '::', resolve);
    }
  });
});
process.stdin.resume().on('end', () => process.exit());
await Promise.all(listening);
process.stdout.write('ready\n');
