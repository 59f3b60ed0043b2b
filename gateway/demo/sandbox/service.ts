// The services of the sandbox clouds: `sts` and `s3` are Amazon's, the others Google's.

export type SandboxService = 'sts' | 's3' | 'google-sts' | 'iamcredentials' | 'bigquery'
