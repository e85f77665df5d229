// vscode-jsonrpc with nothing of ours around it: answers every request on the unix socket of its argument at once.
const { createServer } = require('node:net');
const { createMessageConnection, SocketMessageReader, SocketMessageWriter } = require('vscode-jsonrpc/node');

createServer((socket) => {
  const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
  connection.onRequest(() => ({ sessions: [] }));
  connection.listen();
}).listen(process.argv[2], () => console.log('ready'));
