"""Plays an agent with unmodified boto3. Prints one JSON line a step: what came of it, the error as
boto3 tells it, and how many requests were sent. Nothing here knows svidgate but its address."""

import hashlib
import io
import json
import sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, ca, cert, key = sys.argv[1:5]

client = boto3.client(
    "s3",
    endpoint_url=endpoint,
    region_name="eu-west-1",
    aws_access_key_id="AKIDPLACEHOLDER",
    aws_secret_access_key="placeholder",
    verify=ca,
    config=Config(client_cert=(cert, key), retries={"mode": "standard", "max_attempts": 3}),
)

sent = []
client.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.method))


def step(name, call):
    sent.clear()
    out = {"step": name}
    try:
        out.update(call() or {})
        out["ok"] = True
    except ClientError as error:
        out["ok"] = False
        out["code"] = error.response["Error"]["Code"]
        out["message"] = error.response["Error"]["Message"]
        out["status"] = error.response["ResponseMetadata"]["HTTPStatusCode"]
    except Exception as error:  # the test wants to see what an agent would see
        out["ok"] = False
        out["code"] = type(error).__name__
        out["message"] = str(error)
    out["requests"] = len(sent)
    print(json.dumps(out), flush=True)


BIG = bytes(range(256)) * 32768  # 8 MiB
KEYS = ["2026/plain.txt", "2026/a b+c=d/é ü.txt", "2026/d/..//x/./y", "2026/100%25 (1)~!*'.txt"]


def put_and_get(key_name, body):
    client.put_object(Bucket="reports", Key=key_name, Body=body)
    back = client.get_object(Bucket="reports", Key=key_name)["Body"].read()
    return {"equal": back == body}


for key_name in KEYS:
    step(f"put and get {key_name}", lambda: put_and_get(key_name, key_name.encode()))
step("put and get nothing", lambda: put_and_get("2026/empty", b""))
step("put and get 8 MiB", lambda: put_and_get("2026/big", BIG))


def multipart():
    transfer = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=2)
    client.upload_fileobj(io.BytesIO(BIG + BIG), "reports", "2026/parts", Config=transfer)
    back = client.get_object(Bucket="reports", Key="2026/parts")["Body"].read()
    return {"equal": hashlib.sha256(back).digest() == hashlib.sha256(BIG + BIG).digest()}


step("multipart", multipart)


def ranged():
    body = client.get_object(Bucket="reports", Key="2026/big", Range="bytes=10-19")["Body"].read()
    return {"equal": body == BIG[10:20]}


step("range", ranged)
step("denied put", lambda: client.put_object(Bucket="reports", Key="2025/x", Body=b"x") and None)
step("denied put of 8 MiB", lambda: client.put_object(Bucket="reports", Key="2025/x", Body=BIG) and None)
step("denied list", lambda: client.list_objects_v2(Bucket="reports") and None)
step("denied head", lambda: client.head_object(Bucket="elsewhere", Key="x") and None)
step("denied delete", lambda: client.delete_object(Bucket="reports", Key="2026/plain.txt") and None)
step(
    "denied copy",
    lambda: client.copy_object(Bucket="reports", Key="2026/y", CopySource="elsewhere/secret") and None,
)
