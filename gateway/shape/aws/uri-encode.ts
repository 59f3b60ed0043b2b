// The one spelling in which S3 signs and receives names: every byte but A–Z a–z 0–9 - . _ ~ percent-
// encoded in upper case, once (RFC 3986 §2.3; SigV4 "UriEncode"). A slash stays a slash in a path.

const UNRESERVED = /^[A-Za-z0-9\-._~]*$/
const UNRESERVED_PATH = /^[A-Za-z0-9\-._~/]*$/
/** What encodeURIComponent leaves alone and SigV4 does not. */
const LEFT_OVER = /[!'()*]/g

/** Takes decoded text without lone surrogates. */
export function encodeName(text: string): string {
  return UNRESERVED.test(text) ? text : encodeAll(text)
}

export function encodePath(text: string): string {
  return UNRESERVED_PATH.test(text) ? text : encodeAll(text).replaceAll('%2F', '/')
}

function encodeAll(text: string): string {
  return encodeURIComponent(text).replace(
    LEFT_OVER,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
