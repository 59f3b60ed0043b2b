// Bucket names as the naming rules of general purpose buckets give them. Names that look like one
// and mean something else (an access point's alias, a directory bucket) are told apart, because a
// policy about a bucket would not be about what they reach.

/** 3 to 63 of a-z, 0-9, hyphen and dot; begins and ends with a letter or digit. */
const SYNTAX = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const ADDRESS = /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/

/** Reserved suffixes (S3 user guide, bucket naming rules) and what they name. */
const OTHER_KINDS: readonly (readonly [suffix: string, kind: string])[] = [
  ['-s3alias', 'an access point alias'],
  ['--op-s3', 'an access point alias on Outposts'],
  ['--ol-s3', 'an Object Lambda access point alias'],
  ['--x-s3', 'a directory bucket'],
  ['--xa-s3', 'an access point of a directory bucket'],
  ['.mrap', 'a Multi-Region Access Point'],
  ['--table-s3', 'a table bucket'],
]

export function isBucketName(name: string): boolean {
  return SYNTAX.test(name) && !name.includes('..') && !ADDRESS.test(name)
}

/** What the name stands for where it is no general purpose bucket; undefined where it is one. */
export function otherKindOf(name: string): string | undefined {
  for (const [suffix, kind] of OTHER_KINDS) if (name.endsWith(suffix)) return kind
  return undefined
}
