// What the tests use of packages that carry no types of their own.

declare module 'aws4' {
  export interface Request {
    service: string
    region: string
    host: string
    method: string
    path: string
    headers: Record<string, string | string[]>
    body?: string
  }
  const aws4: {
    sign(
      request: Request,
      credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
    ): Request
  }
  export default aws4
}
