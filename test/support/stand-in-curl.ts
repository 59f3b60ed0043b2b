// A `curl` for the documentation's commands: `make test` must not need one. It knows the options that
// the documents use and refuses any other, so that no command is shown that was never run.

import { request as plainRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fail: { type: 'boolean', short: 'f' },
    silent: { type: 'boolean', short: 's' },
    'unix-socket': { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
    cacert: { type: 'string' },
    'upload-file': { type: 'string', short: 'T' },
  },
})
const [url] = positionals
if (url === undefined || positionals.length > 1) throw new TypeError('exactly one URL is expected')
const { cert, key, cacert, 'unix-socket': socketPath, 'upload-file': upload } = values
const [, scheme = '', authority = '', path = '/'] = /^(https?):\/\/([^/]+)(\/.*)?$/.exec(url) ?? []
const [host = '', port] = authority.split(':')
const options: RequestOptions = {
  method: upload === undefined ? 'GET' : 'PUT',
  host,
  path,
  headers: { host: authority },
  ...(port === undefined ? {} : { port }),
  ...(socketPath === undefined ? {} : { socketPath }),
}
try {
  const response = await send()
  process.stdout.write(await text(response))
  if (values.fail === true && (response.statusCode ?? 500) >= 400) process.exitCode = 22
} catch {
  process.exitCode = 7
}

async function send(): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request =
      scheme === 'https'
        ? tlsRequest({ ...options, ...tlsOptions() }, resolve)
        : plainRequest(options, resolve)
    request.once('error', reject)
    request.end(upload === undefined ? undefined : readFileSync(upload))
  })
}

function tlsOptions() {
  return {
    ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
    ...(cacert === undefined ? {} : { ca: readFileSync(cacert) }),
  }
}
