import { createServer } from 'node:http';

/** Answers every request at once and keeps nothing: against it the loader shows how fast it is itself. */
createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(request.method === 'POST' ? 204 : 200).end());
}).listen(Number(process.argv[2]), '127.0.0.1');
