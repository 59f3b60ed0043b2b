// How to play on by hand while the demo is left running: the same calls, from a shell, from Node and
// from Python.

import { PROJECT, REGION } from './demo-config.ts'
import type { Stage } from './stage.ts'

export function playOnText({ dir, baseOrigin, auditDir }: Stage): string {
  return `
Still running, until Ctrl-C. As the writer, with curl:

  curl --cert ${dir}/writer.pem --key ${dir}/writer.key.pem --cacert ${dir}/web-ca.pem \\
    --request PUT --data-binary 'hello' --header 'content-type: text/plain' \\
    ${baseOrigin}/aws/s3/reports/2026/hello.txt

With the AWS SDK for JavaScript (no cloud credential, only the SVID):

  const tls = { cert: readFileSync('${dir}/writer.pem'), key: readFileSync('${dir}/writer.key.pem'),
    ca: readFileSync('${dir}/web-ca.pem') }
  const s3 = new S3Client({ endpoint: '${baseOrigin}/aws/s3', region: '${REGION}', forcePathStyle: true,
    credentials: { accessKeyId: 'placeholder', secretAccessKey: 'placeholder' },
    requestHandler: new NodeHttpHandler({ httpsAgent: new https.Agent(tls) }) })
  await s3.send(new PutObjectCommand({ Bucket: 'reports', Key: '2026/hello.txt', Body: 'hello' }))

As the researcher, with @google-cloud/bigquery and google-auth-library:

  const pool = { cert: readFileSync('${dir}/researcher.pem'),
    key: readFileSync('${dir}/researcher.key.pem'), ca: readFileSync('${dir}/web-ca.pem') }
  const bigquery = new BigQuery({ projectId: '${PROJECT}', apiEndpoint: '${baseOrigin}/gcp/bigquery',
    authClient: new PassThroughClient() })
  bigquery.interceptors.push({ request: (options) => ({ ...options, pool }) })
  const [rows] = await bigquery.query('SELECT region, COUNT(*) AS n FROM sales.customers GROUP BY region')
  console.log(rows)

With google-cloud-bigquery for Python:

  from google.auth.credentials import AnonymousCredentials
  from google.auth.transport.requests import AuthorizedSession
  from google.cloud import bigquery
  session = AuthorizedSession(AnonymousCredentials())
  session.cert = ('${dir}/researcher.pem', '${dir}/researcher.key.pem')
  session.verify = '${dir}/web-ca.pem'
  session.trust_env = False  # REQUESTS_CA_BUNDLE would win over session.verify
  client = bigquery.Client(project='${PROJECT}', credentials=AnonymousCredentials(), _http=session,
      client_options={'api_endpoint': '${baseOrigin}/gcp/bigquery'})
  print(list(client.query_and_wait('SELECT id, total FROM sales.orders')))

Records in ${auditDir}`
}
