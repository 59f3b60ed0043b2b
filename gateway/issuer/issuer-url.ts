// The issuer URL as clouds compare it: byte for byte with the `iss` claim and with `issuer` in the
// discovery document (OpenID Connect Discovery 1.0 §3, §4.3). It is never parsed and re-printed,
// because a printed URL can differ from the one that an operator registered.

const HTTPS = /^https:\/\/[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~-]+)*$/
const LOOPBACK =
  /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~-]+)*$/

/** Plain http is for the demo and tests on this machine: no cloud would accept it. */
export function assertIssuerUrl(url: string): void {
  if (HTTPS.test(url) || LOOPBACK.test(url)) return
  throw new TypeError(
    `issuer url ${JSON.stringify(url)} must be https://host[:port][/path] without a trailing slash, ` +
      'query or fragment (http only for localhost, 127.0.0.1 and [::1])',
  )
}

/** The path part, empty when there is none: where a listener must serve the documents. */
export function issuerPath(url: string): string {
  const slash = url.indexOf('/', url.indexOf('://') + 3)
  return slash === -1 ? '' : url.slice(slash)
}
