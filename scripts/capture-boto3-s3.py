#!/usr/bin/env python3
"""Writes test/conformance/s3/boto3-requests.json: what boto3 puts on the wire for S3.

    python3 -m venv /tmp/boto && /tmp/boto/bin/pip install boto3==1.43.67
    /tmp/boto/bin/python scripts/capture-boto3-s3.py

Nothing is sent: botocore's `before-send` event hands over the prepared request. The keys are placeholders.
"""

import base64
import io
import json
import pathlib

import boto3
import botocore
from botocore.awsrequest import AWSResponse
from botocore.config import Config

OUTPUT = pathlib.Path('test/conformance/s3/boto3-requests.json')
ENDPOINT = 'https://gw.test:8443/aws/s3'
BUCKET = 'reports'
COPY = {'Bucket': 'archive', 'Key': '2025/old name+1.txt'}
VERSION = 'v1.AbC_-'

CALLS = [
    ('list_buckets', {}),
    ('create_bucket', {'Bucket': BUCKET, 'CreateBucketConfiguration': {'LocationConstraint': 'eu-west-1'}}),
    ('create_bucket', {'Bucket': BUCKET, 'ACL': 'private'}),
    ('delete_bucket', {'Bucket': BUCKET}),
    ('head_bucket', {'Bucket': BUCKET}),
    ('get_bucket_location', {'Bucket': BUCKET}),
    ('list_objects', {'Bucket': BUCKET, 'Prefix': '2026/', 'Delimiter': '/'}),
    ('list_objects_v2', {'Bucket': BUCKET, 'Prefix': '2026/Q1 ü', 'StartAfter': 'a+b'}),
    ('list_object_versions', {'Bucket': BUCKET, 'Prefix': '2026/'}),
    ('list_multipart_uploads', {'Bucket': BUCKET}),
    ('put_object', {'Bucket': BUCKET, 'Key': '2026/r.csv', 'Body': b'hello'}),
    ('put_object', {'Bucket': BUCKET, 'Key': '2026/r.csv', 'Body': io.BytesIO(b'streamed')}),
    ('put_object', {'Bucket': BUCKET, 'Key': '2026/empty', 'Body': b''}),
    ('put_object', {'Bucket': BUCKET, 'Key': '2026/r.csv', 'Body': b'x', 'ACL': 'public-read',
                    'Tagging': 'a=b', 'Metadata': {'note': 'x'}, 'ServerSideEncryption': 'AES256'}),
    ('get_object', {'Bucket': BUCKET, 'Key': '2026/r.csv'}),
    ('get_object', {'Bucket': BUCKET, 'Key': '2026/r.csv', 'VersionId': VERSION, 'Range': 'bytes=0-1'}),
    ('head_object', {'Bucket': BUCKET, 'Key': '2026/r.csv'}),
    ('get_object_attributes', {'Bucket': BUCKET, 'Key': 'k', 'ObjectAttributes': ['ETag', 'ObjectSize']}),
    ('get_object_tagging', {'Bucket': BUCKET, 'Key': 'k'}),
    ('put_object_tagging', {'Bucket': BUCKET, 'Key': 'k', 'Tagging': {'TagSet': [{'Key': 'a', 'Value': 'b'}]}}),
    ('put_object_acl', {'Bucket': BUCKET, 'Key': 'k', 'ACL': 'private'}),
    ('delete_object', {'Bucket': BUCKET, 'Key': '2026/r.csv'}),
    ('delete_object', {'Bucket': BUCKET, 'Key': '2026/r.csv', 'VersionId': VERSION, 'BypassGovernanceRetention': True}),
    ('delete_objects', {'Bucket': BUCKET, 'Delete': {'Objects': [
        {'Key': '2026/a & b <c>.txt'}, {'Key': '2026/ü \U0001f600', 'VersionId': VERSION}], 'Quiet': True}}),
    ('copy_object', {'Bucket': BUCKET, 'Key': '2026/new.txt', 'CopySource': COPY}),
    ('copy_object', {'Bucket': BUCKET, 'Key': '2026/new.txt', 'CopySource': {**COPY, 'VersionId': VERSION},
                     'TaggingDirective': 'REPLACE'}),
    ('copy_object', {'Bucket': BUCKET, 'Key': '2026/new.txt', 'CopySource': 'archive/2025/old name+1.txt'}),
    ('create_multipart_upload', {'Bucket': BUCKET, 'Key': '2026/big'}),
    ('upload_part', {'Bucket': BUCKET, 'Key': '2026/big', 'PartNumber': 1, 'UploadId': 'u1', 'Body': b'part'}),
    ('upload_part_copy', {'Bucket': BUCKET, 'Key': '2026/big', 'PartNumber': 2, 'UploadId': 'u1', 'CopySource': COPY}),
    ('list_parts', {'Bucket': BUCKET, 'Key': '2026/big', 'UploadId': 'u1'}),
    ('complete_multipart_upload', {'Bucket': BUCKET, 'Key': '2026/big', 'UploadId': 'u1',
                                   'MultipartUpload': {'Parts': [{'PartNumber': 1, 'ETag': 'e'}]}}),
    ('abort_multipart_upload', {'Bucket': BUCKET, 'Key': '2026/big', 'UploadId': 'u1'}),
    ('restore_object', {'Bucket': BUCKET, 'Key': 'k', 'RestoreRequest': {'Days': 1, 'GlacierJobParameters': {'Tier': 'Bulk'}}}),
    ('put_bucket_policy', {'Bucket': BUCKET, 'Policy': '{}'}),
    ('get_bucket_policy', {'Bucket': BUCKET}),
    ('put_bucket_versioning', {'Bucket': BUCKET, 'VersioningConfiguration': {'Status': 'Enabled'}}),
    ('put_public_access_block', {'Bucket': BUCKET, 'PublicAccessBlockConfiguration': {'BlockPublicAcls': True}}),
    ('get_bucket_lifecycle_configuration', {'Bucket': BUCKET}),
    ('get_bucket_lifecycle', {'Bucket': BUCKET}),
    ('get_bucket_notification', {'Bucket': BUCKET}),
    ('get_bucket_inventory_configuration', {'Bucket': BUCKET, 'Id': 'i'}),
    ('list_bucket_inventory_configurations', {'Bucket': BUCKET}),
]

KEYS = [' ', '+', 'a+b c', '=', 'a:b', '%', '%2F', '%252F', '..//x/./y', '/lead', 'trail/', '//', '.',
        '..', '~*\'()!', '&;?#@$,', 'ü', '\U0001f600/\U0001d11e', 'a\u202eb', '"<>\\^`{|}', '\ufeffbom']


def config(style):
    agent = f'Boto3/{boto3.__version__} Botocore/{botocore.__version__}'
    return Config(s3={'addressing_style': style}, region_name='eu-west-1', user_agent=agent)


def captured(style, method, arguments):
    client = boto3.client('s3', endpoint_url=ENDPOINT, config=config(style),
                          aws_access_key_id='AKIDPLACEHOLDER', aws_secret_access_key='placeholder')
    seen = []

    def keep(request, **_):
        seen.append(request)
        return AWSResponse(request.url, 200, {}, io.BytesIO(b''))

    client.meta.events.register('before-send.s3', keep)
    operation = client.meta.method_to_api_mapping[method]
    try:
        getattr(client, method)(**arguments)
    except Exception:  # the answer is empty: the SDK may say so, the request is what matters
        pass
    request = seen[0]
    host, slash, target = request.url.removeprefix('https://').partition('/')
    headers = [['Host', host]]
    for name, value in request.headers.items():
        if name == 'amz-sdk-invocation-id':
            value = '00000000-0000-4000-8000-000000000000'
        headers.append([name, value.decode('latin1') if isinstance(value, bytes) else value])
    body = request.body
    if body is not None and hasattr(body, 'read'):
        body = body.read()
    return {
        'operation': operation,
        'style': style,
        'arguments': {key: value for key, value in arguments.items() if isinstance(value, (str, int))},
        'method': request.method,
        'target': slash + target,
        'headers': headers,
        'body_base64': base64.b64encode(body or b'').decode(),
    }


def main():
    rows = []
    for style in ('path', 'virtual'):
        for method, arguments in CALLS:
            for value in arguments.values():
                if hasattr(value, 'seek'):
                    value.seek(0)
            rows.append(captured(style, method, arguments))
        for key in KEYS:
            rows.append(captured(style, 'get_object', {'Bucket': BUCKET, 'Key': key}))
    document = {
        'provenance': f'boto3 {boto3.__version__}, botocore {botocore.__version__}, '
                      'scripts/capture-boto3-s3.py; endpoint ' + ENDPOINT,
        'requests': rows,
    }
    OUTPUT.write_text(json.dumps(document, indent=1, ensure_ascii=True) + '\n')
    print(f'{len(rows)} requests written to {OUTPUT}')


main()
