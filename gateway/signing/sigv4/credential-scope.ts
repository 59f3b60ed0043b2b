// The credential scope of the AWS SigV4 document: what a signature is good for.

export interface SigningScope {
  /** `eu-west-1` */
  readonly region: string
  /** The signing name, which need not be the service's id: `s3`. */
  readonly service: string
}

const NAME = /^[a-z0-9-]{1,64}$/

/** False for what would not stay one part of the scope (`us-east-1/iam`). */
export function isSigningScope(scope: SigningScope): boolean {
  return NAME.test(scope.region) && NAME.test(scope.service)
}

/** @param date `20150830` */
export function credentialScope(date: string, scope: SigningScope): string {
  return `${date}/${scope.region}/${scope.service}/aws4_request`
}
