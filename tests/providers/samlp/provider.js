// A SAML identity provider on loopback. What it is comes as one line of JSON: key, cert, consumer, encryption, user,
// and the ways in which it answers, by name. It says its address in one line, and ends with its standard input.
'use strict';

const http = require('node:http');
const { createRequire } = require('node:module');
const readline = require('node:readline');

// The library calls what Node.js has renamed, and says so on every answer.
process.removeAllListeners('warning');

readline.createInterface({ input: process.stdin }).once('line', (line) => {
  const told = JSON.parse(line);
  const samlp = createRequire(`${told.modules}/`)('samlp');
  const server = http.createServer((request, response) => answer(samlp, told, request, response));
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
});
process.stdin.on('end', () => process.exit(0));

function answer(samlp, told, request, response) {
  const url = new URL(request.url, `http://${request.headers.host}`);
  request.query = Object.fromEntries(url.searchParams);
  request.originalUrl = url.pathname;
  request.protocol = 'http';
  response.set = (name, value) => response.setHeader(name, value);
  response.send = (...said) => {
    response.statusCode = said.length > 1 || typeof said[0] === 'number' ? 500 : 200;
    response.end(String(said.at(-1)));
  };
  const common = { issuer: told.issuer, cert: told.cert, key: told.key };
  if (url.pathname === '/metadata') {
    return samlp.metadata({ ...common, redirectEndpointPath: '/sso', postEndpointPath: '/post' })(request, response);
  }
  return samlp.auth({
    ...common,
    ...told.ways[url.searchParams.get('way')],
    recipient: told.consumer,
    destination: told.consumer,
    signingCert: told.signingCert,
    getUserFromRequest: () => told.user,
    getPostURL: (audience, document, asked, done) =>
      done(null, document.documentElement.getAttribute('AssertionConsumerServiceURL')),
  })(request, response, (error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
}
