#!/usr/bin/env python3
"""Writes test/conformance/bigquery/discovery-methods.json: BigQuery's methods as the discovery document
has them, read without the code of generate-bigquery-methods.ts.

    pip download --no-deps google-api-python-client==2.202.0 && unzip google_api_python_client-*.whl
    scripts/capture-bigquery-methods.py googleapiclient/discovery_cache/documents/bigquery.v2.json
"""

import json
import pathlib
import sys

OUTPUT = pathlib.Path('test/conformance/bigquery/discovery-methods.json')


def methods(resource):
    yield from resource.get('methods', {}).values()
    for inner in resource.get('resources', {}).values():
        yield from methods(inner)


document = json.loads(pathlib.Path(sys.argv[1]).read_text())
rows = [{
    'id': method['id'],
    'verb': method['httpMethod'],
    'path': '/' + document['servicePath'] + method['flatPath'],
    'takesBody': 'request' in method,
    'query': {name: {'type': parameter['type'], 'enum': parameter.get('enum', [])}
              for name, parameter in method.get('parameters', {}).items() if parameter['location'] == 'query'},
} for method in methods(document)]
provenance = f"BigQuery discovery document, revision {document['revision']}, scripts/capture-bigquery-methods.py"
OUTPUT.write_text(json.dumps({'provenance': provenance, 'methods': rows}, indent=1) + '\n')
print(f'{len(rows)} methods written to {OUTPUT}')
