#!/usr/bin/env python3
"""Writes test/conformance/bigquery/python-requests.json: what google-cloud-bigquery puts on the wire.

    python3 -m venv /tmp/bigquery && /tmp/bigquery/bin/pip install google-cloud-bigquery==3.47.0
    /tmp/bigquery/bin/python scripts/capture-python-bigquery.py

Nothing is sent: the session's adapter notes the prepared request and answers with the least that
the REST reference allows. Ids that the library draws at random are replaced by a fixed one.
"""

import base64
import datetime
import io
import json
import pathlib
import re

import google.auth
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

OUTPUT = pathlib.Path('test/conformance/bigquery/python-requests.json')
ENDPOINT = 'https://gw.test:8443/gcp/bigquery'
PROJECT = 'acme-data'
# A list that never ends would be asked for for ever.
LONGEST = 3
UUID = re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')
FIXED = '00000000-0000-4000-8000-000000000000'
SQL = "SELECT region, SUM(total) AS total FROM sales.orders WHERE region = 'Köln' GROUP BY region"

SCHEMA = {'fields': [{'name': 'a', 'type': 'INTEGER', 'mode': 'NULLABLE'}]}
JOB = {
    'kind': 'bigquery#job',
    'jobReference': {'projectId': PROJECT, 'jobId': 'job_1', 'location': 'EU'},
    'status': {'state': 'DONE'},
    'configuration': {'jobType': 'QUERY', 'query': {'query': SQL, 'destinationTable': {
        'projectId': PROJECT, 'datasetId': '_anon', 'tableId': 'anon1'}}},
    'statistics': {'query': {'statementType': 'SELECT'}},
}
RESULTS = {
    'kind': 'bigquery#queryResponse', 'jobReference': JOB['jobReference'], 'jobComplete': True,
    'schema': SCHEMA, 'totalRows': '2', 'pageToken': 'p1', 'rows': [{'f': [{'v': '1'}]}],
}


def answer(method, path):
    if method == 'DELETE':
        return {}
    if '/queries' in path:
        return RESULTS
    if '/jobs/' in path:
        return {'job': JOB} if path.endswith('/cancel') else JOB
    if path.endswith('/jobs'):
        return JOB if method == 'POST' else {'jobs': []}
    if path.endswith('/data'):
        return {'totalRows': '0', 'rows': []}
    return {
        'tableReference': {'projectId': PROJECT, 'datasetId': 'sales', 'tableId': 'orders'},
        'datasetReference': {'projectId': PROJECT, 'datasetId': 'sales'},
        'routineReference': {'projectId': PROJECT, 'datasetId': 'sales', 'routineId': 'f'},
        'modelReference': {'projectId': PROJECT, 'datasetId': 'sales', 'modelId': 'm'},
        'schema': SCHEMA, 'permissions': [], 'bindings': [], 'numRows': '2',
    }


class Recorder(requests.adapters.BaseAdapter):
    def __init__(self):
        super().__init__()
        self.noted = []

    def send(self, request, **_):
        if len(self.noted) == LONGEST:
            raise RuntimeError('enough of this call is known')
        body = request.body or b''
        if hasattr(body, 'read'):
            body = body.read()
        if isinstance(body, str):
            body = body.encode()
        self.noted.append((request, body))
        response = requests.Response()
        response.status_code = 200
        response.request = request
        response.url = request.url
        response.headers['content-type'] = 'application/json; charset=UTF-8'
        path = requests.utils.urlparse(request.url).path
        if path.startswith('/upload') or '/upload/' in path:
            response.headers['location'] = ENDPOINT + '/upload/session'
        response._content = json.dumps(answer(request.method, path)).encode()
        return response

    def close(self):
        pass


def client(recorder, **options):
    session = requests.Session()
    session.mount('https://', recorder)
    session.is_mtls = False
    return bigquery.Client(
        project=PROJECT, credentials=AnonymousCredentials(), _http=session,
        client_options={'api_endpoint': ENDPOINT}, **options)


def config(**options):
    return bigquery.QueryJobConfig(**options)


PARAMETERS = [
    bigquery.ScalarQueryParameter('region', 'STRING', 'Köln'),
    bigquery.ScalarQueryParameter('n', 'INT64', 9007199254740993),
    bigquery.ScalarQueryParameter('none', 'STRING', None),
    bigquery.ScalarQueryParameter('at', 'TIMESTAMP', datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc)),
    bigquery.ArrayQueryParameter('ids', 'INT64', [1, 2]),
    bigquery.StructQueryParameter('s', bigquery.ScalarQueryParameter('x', 'BOOL', True),
                                  bigquery.ArrayQueryParameter('y', 'STRING', ['a'])),
    bigquery.RangeQueryParameter('DATE', datetime.date(2026, 1, 1), None, name='r'),
]
POSITIONAL = [bigquery.ScalarQueryParameter(None, 'INT64', 1)]

CALLS = [
    ('query', lambda c: c.query(SQL)),
    ('query, wait', lambda c: list(c.query(SQL).result())),
    ('query, result max_results', lambda c: list(c.query(SQL).result(max_results=10, page_size=5))),
    ('query, location', lambda c: c.query(SQL, location='eu')),
    ('query, job_id', lambda c: c.query(SQL, job_id='mine-1')),
    ('query, job_id_prefix', lambda c: c.query(SQL, job_id_prefix='report_')),
    ('query, other project', lambda c: c.query(SQL, project='example.com:legacy-proj')),
    ('query, api_method QUERY', lambda c: c.query(SQL, api_method='QUERY')),
    ('query, dry run', lambda c: c.query(SQL, job_config=config(dry_run=True, use_query_cache=False))),
    ('query, named parameters', lambda c: c.query(SQL, job_config=config(query_parameters=PARAMETERS))),
    ('query, positional parameters', lambda c: c.query(SQL, job_config=config(query_parameters=POSITIONAL))),
    ('query, every reading option', lambda c: c.query(SQL, job_config=config(
        labels={'team': 'sales'}, maximum_bytes_billed=10**9, priority='BATCH', job_timeout_ms=60000,
        default_dataset=f'{PROJECT}.sales', use_query_cache=True, use_legacy_sql=False))),
    ('query, destination', lambda c: c.query(SQL, job_config=config(
        destination=f'{PROJECT}.scratch.out', write_disposition='WRITE_TRUNCATE',
        create_disposition='CREATE_IF_NEEDED'))),
    ('query, legacy SQL', lambda c: c.query(SQL, job_config=config(use_legacy_sql=True))),
    ('query, create session', lambda c: c.query(SQL, job_config=config(create_session=True))),
    ('query, session', lambda c: c.query(SQL, job_config=config(
        connection_properties=[bigquery.ConnectionProperty('session_id', 's1')]))),
    ('query, clustering', lambda c: c.query(SQL, job_config=config(
        destination=f'{PROJECT}.scratch.out', clustering_fields=['region']))),
    ('query, external table', lambda c: c.query('SELECT * FROM ext', job_config=config(
        table_definitions={'ext': external()}))),
    ('query, UDF resource', lambda c: c.query(SQL, job_config=config(
        udf_resources=[bigquery.UDFResource('resourceUri', 'gs://evil/code.js')]))),
    ('query, DELETE', lambda c: c.query('DELETE FROM sales.orders WHERE true')),
    ('query, script', lambda c: c.query('SELECT 1; DROP TABLE sales.orders')),
    ('query_and_wait', lambda c: list(c.query_and_wait(SQL))),
    ('query_and_wait, options', lambda c: list(c.query_and_wait(
        SQL, location='EU', max_results=5, page_size=2, wait_timeout=30, job_config=config(
            query_parameters=PARAMETERS, maximum_bytes_billed=10**9, labels={'team': 'sales'},
            default_dataset=f'{PROJECT}.sales', use_query_cache=False, job_timeout_ms=60000)))),
    ('query_and_wait, destination', lambda c: list(c.query_and_wait(
        SQL, job_config=config(destination=f'{PROJECT}.scratch.out')))),
    ('get_job', lambda c: c.get_job('job_1', location='EU')),
    ('get_job, other project', lambda c: c.get_job('job_1', project='example.com:legacy-proj')),
    ('cancel_job', lambda c: c.cancel_job('job_1', location='EU')),
    ('delete_job_metadata', lambda c: c.delete_job_metadata('job_1', location='EU')),
    ('list_jobs', lambda c: list(c.list_jobs(max_results=3))),
    ('list_jobs, all users', lambda c: list(c.list_jobs(
        all_users=True, state_filter='done', min_creation_time=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)))),
    ('list_projects', lambda c: list(c.list_projects())),
    ('get_service_account_email', lambda c: c.get_service_account_email()),
    ('list_datasets', lambda c: list(c.list_datasets(include_all=True, filter='labels.team:sales'))),
    ('get_dataset', lambda c: c.get_dataset('sales')),
    ('list_tables', lambda c: list(c.list_tables('sales'))),
    ('get_table', lambda c: c.get_table('sales.orders')),
    ('get_table, Unicode', lambda c: c.get_table(f'{PROJECT}.sales.Aufträge 2026')),
    ('get_iam_policy', lambda c: c.get_iam_policy(f'{PROJECT}.sales.orders')),
    ('test_iam_permissions', lambda c: c.test_iam_permissions(f'{PROJECT}.sales.orders', ['bigquery.tables.getData'])),
    ('list_rows', lambda c: list(c.list_rows(f'{PROJECT}.sales.orders', max_results=3, start_index=1,
                                             selected_fields=[bigquery.SchemaField('a', 'INTEGER')]))),
    ('list_routines', lambda c: list(c.list_routines('sales'))),
    ('get_routine', lambda c: c.get_routine(f'{PROJECT}.sales.f')),
    ('list_models', lambda c: list(c.list_models('sales'))),
    ('get_model', lambda c: c.get_model(f'{PROJECT}.sales.m')),
    ('create_dataset', lambda c: c.create_dataset('fresh')),
    ('update_dataset', lambda c: c.update_dataset(described(bigquery.Dataset(f'{PROJECT}.sales')), ['description'])),
    ('delete_dataset', lambda c: c.delete_dataset('sales', delete_contents=True)),
    ('create_table', lambda c: c.create_table(f'{PROJECT}.sales.fresh')),
    ('delete_table', lambda c: c.delete_table('sales.orders')),
    ('delete_model', lambda c: c.delete_model(f'{PROJECT}.sales.m')),
    ('delete_routine', lambda c: c.delete_routine(f'{PROJECT}.sales.f')),
    ('insert_rows_json', lambda c: c.insert_rows_json(f'{PROJECT}.sales.orders', [{'a': 1}])),
    ('load_table_from_uri', lambda c: c.load_table_from_uri(
        'gs://reports/2026/*.csv', f'{PROJECT}.sales.orders', job_config=bigquery.LoadJobConfig(
            source_format='CSV', write_disposition='WRITE_APPEND', skip_leading_rows=1))),
    ('load_table_from_file', lambda c: c.load_table_from_file(
        io.BytesIO(b'a\n1\n'), f'{PROJECT}.sales.orders', size=4)),
    ('copy_table', lambda c: c.copy_table(f'{PROJECT}.sales.orders', f'{PROJECT}.scratch.orders')),
    ('extract_table', lambda c: c.extract_table(f'{PROJECT}.sales.orders', 'gs://exports/orders-*.csv')),
]


def external():
    table = bigquery.ExternalConfig('CSV')
    table.source_uris = ['gs://evil/data.csv']
    table.autodetect = True
    return table


def described(dataset):
    dataset.description = 'new'
    return dataset


def fixed(text):
    return UUID.sub(FIXED, text)


def noted_as(call, at, request, body):
    target = request.url.removeprefix('https://gw.test:8443')
    dropped = {'content-length'}
    headers = [['Host', 'gw.test:8443']] + [
        [name, fixed(value.decode() if isinstance(value, bytes) else str(value))]
        for name, value in request.headers.items() if name.lower() not in dropped]
    body = body if b'\r\n--' in body else fixed(body.decode()).encode()
    return {
        'call': call, 'step': at, 'method': request.method, 'target': fixed(target), 'headers': headers,
        'body_base64': base64.b64encode(body).decode(),
    }


def main():
    lines = []
    for call, make in CALLS:
        recorder = Recorder()
        try:
            make(client(recorder))
        except Exception as fault:  # an answer this short ends some calls, after what they send
            print(f'{call}: {type(fault).__name__} {str(fault)[:100]}')
        if not recorder.noted:
            raise SystemExit(f'{call} sent nothing')
        for at, (request, body) in enumerate(recorder.noted):
            lines.append(noted_as(call, at, request, body))
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    provenance = (f'google-cloud-bigquery {bigquery.__version__}, google-auth {google.auth.__version__}, '
                  f'scripts/capture-python-bigquery.py; endpoint {ENDPOINT}')
    OUTPUT.write_text(json.dumps({'provenance': provenance, 'requests': lines}, indent=1, ensure_ascii=False) + '\n')
    print(f'{len(lines)} requests of {len(CALLS)} calls written to {OUTPUT}')


if __name__ == '__main__':
    main()
